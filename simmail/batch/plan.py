"""A sweep's file, and the runs that it asks for.

world: docs/examples/spam-and-a-blocklist
policies: [before, after]
parameters:                         # of main.cf, host by host, under each policy
  mail.domain.ork:
    smtpd_helo_required: [no, yes]
world_parameters:                   # steps into world.yaml
  actors.trojans.per_day: {from: 20, to: 200, scale: log}
seeds: 10                           # 1 to 10; or a list
until: 1d
design: latin                       # or grid, which takes lists of values alone
samples: 20                         # of a latin hypercube
"""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, Field, ValidationError, field_validator

from simmail.batch.bundle import NONE, Bundle
from simmail.batch.replication import Task, lived
from simmail.lab.explain.mistakes import unread_names
from simmail.mail.errors import InputError, Location
from simmail.world import scenario, yaml_file
from simmail.world.folder import WORLD
from simmail.world.schema import Part

if TYPE_CHECKING:
    from simmail.world.world import World

Value = bool | int | float | str
MOST_SEEDS = 1_000_000
#: Where in a range it is tried whether world.yaml can have such a value: at the ends, and at a fraction.
SHARES = (0.0, 1.0, 0.382)


class Range(Part):
    """What a latin hypercube draws from."""

    low: float = Field(alias="from", description="the least value")
    high: float = Field(alias="to", description="the largest value")
    scale: Literal["linear", "log"] = Field("linear", description="evenly spread, or evenly by factors")
    whole: bool = Field(False, description="whole numbers alone")

    def at(self, share: float) -> Value:
        """The value at a share (0 to 1) of the way."""
        if self.scale == "log":
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return round(value) if self.whole else float(f"{value:.6g}")


Choice = list[Value] | Range


class SweepSpec(Part):
    """What a sweep's file says."""

    world: str = Field(description="a world's folder, from the file's own folder, or the beginning of a lab's name")
    policies: list[str] = Field(default_factory=lambda: [NONE], min_length=1)
    parameters: dict[str, dict[str, Choice]] = Field(default_factory=dict, description="host: parameter: values")
    world_parameters: dict[str, Choice] = Field(default_factory=dict, description="steps into world.yaml: values")
    seeds: int | list[int] = Field(10, description="how many, from 1 on, or which")
    until: str = Field("", description="how long each run takes; the world's length by default")
    host: str = Field("", description="the host under study; the one that the world names by default")
    design: Literal["grid", "latin"] = "grid"
    samples: int = Field(10, ge=1, le=1_000_000, description="points of a latin hypercube")
    design_seed: int = Field(1, description="from which its points are drawn")

    @field_validator("seeds")
    @classmethod
    def _some(cls, value: int | list[int]) -> int | list[int]:
        if not value or (isinstance(value, int) and value < 1):
            raise ValueError("there must be one seed at least")
        if isinstance(value, int) and value > MOST_SEEDS:
            raise ValueError(f"more than {MOST_SEEDS:,} seeds are too many")
        return value

    @property
    def factors(self) -> dict[str, Choice]:
        """Each thing that varies, by the name of its column: `HOST:PARAMETER`, or the steps into world.yaml."""
        own = {f"{host}:{name}": c for host, several in self.parameters.items() for name, c in several.items()}
        return {**own, **self.world_parameters}

    @property
    def all_seeds(self) -> list[int]:
        """Which."""
        return list(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else list(dict.fromkeys(self.seeds))


class Cell(NamedTuple):
    """A point of the design.

    Args:
        number: from 0.
        values: of each factor.
        world: as it is there.
    """

    number: int
    values: Mapping[str, Value]
    world: Bundle


class Planned(NamedTuple):
    """A run to be: its task, and the point of the design it belongs to."""

    task: Task
    cell: Cell


class Plan:
    """A sweep to be.

    Args:
        spec: what is asked for.
        beside: the folder from which its world's path starts.

    Attributes:
        world: the world as it is before anything varies.
        cells: the points of the design.

    Raises:
        InputError: for a policy, host or step that is not there, and for a moment that cannot be.
    """

    def __init__(self, spec: SweepSpec, beside: Path) -> None:
        self.spec = spec
        there = beside / spec.world
        self.world = world = Bundle.read(there if (there / WORLD).is_file() else spec.world)
        world.check_policies(spec.policies)
        self._check_world_parameters()
        self.cells = [self._cell(number, values) for number, values in enumerate(points(spec))]
        if spec.parameters or spec.until:
            begun = lived(Task(self.cells[0].world, NONE, 1, "0s"))
            self._check_moment(begun)
            self._check_names(begun)

    def _cell(self, number: int, values: Mapping[str, Value]) -> Cell:
        world = self.world
        for host, several in self.spec.parameters.items():
            for name in several:
                world = world.with_parameter(host, name, values[f"{host}:{name}"])
        for path in self.spec.world_parameters:
            world = world.with_world_parameter(path, values[path])
        return Cell(number, values, world)

    def _check_world_parameters(self) -> None:
        """Raises InputError for a value that world.yaml cannot have."""
        for path, choice in self.spec.world_parameters.items():
            for value in choice if isinstance(choice, list) else map(choice.at, SHARES):
                with tempfile.TemporaryDirectory(prefix="simmail-") as folder:
                    file = Path(folder) / WORLD
                    file.write_text(self.world.with_world_parameter(path, value).files[WORLD], encoding="utf-8")
                    try:
                        scenario.read(file)
                    except InputError as error:
                        found = error.found.partition("\n")[0].removeprefix(f"{path}: ")
                        raise InputError(f"world_parameters.{path}: {value}", found, error.wanted) from None

    def _check_moment(self, world: World) -> None:
        """Raises InputError for an end of the runs that cannot be."""
        if self.spec.until:
            try:
                world.moment(self.spec.until)
            except InputError as error:
                raise InputError("until", error.found, error.wanted) from None

    def _check_names(self, world: World) -> None:
        """Raises InputError for a parameter that nothing reads."""
        for host, several in self.spec.parameters.items():
            for _, name, like in unread_names(world.hosts[host].machine):
                if name in several:
                    wanted = f"was {like!r} meant?" if like else "name a parameter of Postfix"
                    raise InputError(f"parameters.{host}.{name}", "is a name that nothing reads", wanted)

    @property
    def runs(self) -> Iterator[Planned]:
        """All runs: each cell's policies' seeds."""
        spec = self.spec
        for cell, policy, seed in itertools.product(self.cells, spec.policies, spec.all_seeds):
            yield Planned(Task(cell.world, policy, seed, spec.until, spec.host), cell)


def points(spec: SweepSpec) -> list[dict[str, Value]]:
    """The points of the design, each a value for every factor; none of them twice."""
    factors = spec.factors
    if spec.design == "grid" or not factors:
        rows = list(itertools.product(*(choice for choice in factors.values() if isinstance(choice, list))))
    else:
        from scipy.stats.qmc import LatinHypercube

        drawn = LatinHypercube(d=len(factors), rng=spec.design_seed).random(spec.samples)
        rows = [tuple(map(_at, factors.values(), map(float, row))) for row in drawn]
    return [dict(zip(factors, values, strict=True)) for values in dict.fromkeys(rows)]


def _at(choice: Choice, share: float) -> Value:
    return choice.at(share) if isinstance(choice, Range) else choice[min(len(choice) - 1, int(share * len(choice)))]


def read(path: Path) -> SweepSpec:
    """Read and check a sweep's file.

    Raises:
        InputError: with file and line of each thing that is wrong.
    """
    name = str(path)
    tree = _tree(path)
    try:
        spec = SweepSpec.model_validate(yaml_file.plain(tree))
    except ValidationError as error:
        models: tuple[type[BaseModel], ...] = (SweepSpec, Range)
        fields = sorted({f.alias or n for model in models for n, f in model.model_fields.items()})
        raise yaml_file.located(error, tree, name, fields) from None
    places = {f"{h}:{n}": ("parameters", h, n) for h, several in spec.parameters.items() for n in several}
    for factor, choice in spec.factors.items():
        if found := _wrong(choice, spec.design):
            place = places.get(factor, ("world_parameters", factor))
            raise InputError(Location(name, yaml_file.line(tree, place)), f"{'.'.join(place)}: {found[0]}", found[1])
    return spec


def _wrong(choice: Choice, design: str) -> tuple[str, str] | None:
    """What is wrong with the values of a factor, and what would do."""
    if isinstance(choice, list):
        return None if choice else ("there are no values", "give one at least")
    if design == "grid":
        return "a grid has no ranges", "list the values, or ask for `design: latin`"
    if choice.low >= choice.high or (choice.scale == "log" and choice.low <= 0):
        return "that is no range", "`from` lies below `to`, and above 0 for `scale: log`"
    return None


def place(path: Path, spec: SweepSpec, what: str) -> Location:
    """The line of a sweep's file that asks for something that cannot be had.

    Args:
        path: the file.
        spec: what it says.
        what: how the complaint begins: `policy 'before'`, `parameters.HOST.NAME`, `until`.
    """
    ways: dict[str, tuple[str | int, ...]] = {"until": ("until",), f"world {spec.world!r}": ("world",)}
    for number, policy in enumerate(spec.policies):
        ways[f"policy {policy!r}"] = ("policies", number)
    for host, several in spec.parameters.items():
        ways[f"host {host!r}"] = ("parameters", host)
        for name in several:
            ways[f"parameters.{name}"] = ways[f"parameters.{host}.{name}"] = ("parameters", host, name)
    for steps in spec.world_parameters:
        ways[f"world_parameters.{steps}"] = ("world_parameters", steps)
    way = ways.get(what.partition(": ")[0])
    return Location(str(path), yaml_file.line(_tree(path), way) if way else 0)


def _tree(path: Path) -> dict[Any, Any]:
    return yaml_file.tree(path, "name a sweep's file", "world: ...")
