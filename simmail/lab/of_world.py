"""Whether what a notebook gives to a picture is a world."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from simmail.mail.errors import InputError
from simmail.world.world import World

F = TypeVar("F", bound=Callable[..., Any])


def of_world(function: F) -> F:
    """A function whose first argument is a world, so that it raises InputError for anything else."""

    @wraps(function)
    def checked(world: object, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(world, World):
            raise InputError(f"world {world!r}", "is none", "give what simmail.load('01') returns")
        return function(world, *args, **kwargs)

    return cast(F, checked)
