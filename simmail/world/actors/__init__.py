"""Who lives in a world beside its Postfix hosts: correspondents, bots, operators of lists, web forms.

Each kind of actor is a module: what it models, what `world.yaml` says of it (its spec), and the actor itself.
"""
