"""``%config NBArray``: the settings of `nbarray.config`, listed with help and set from a notebook.

The traits are a view: they store nothing, so they can't drift from what `nbarray.config` says.  A bad
value in ``ipython_config.py`` is reported and left out, and never keeps the extension from loading.
"""

from __future__ import annotations

import sys
from typing import Any

from traitlets import TraitError, TraitType
from traitlets.config import Config, Configurable

from nbarray.config import check_setting, config, current
from nbarray.errors import ConfigError, near_names
from nbarray.units import format_bytes

__all__ = ["NBArray", "add_settings", "remove_settings"]


class _Setting(TraitType[Any, Any]):
    """A trait that reads and writes the setting of its own name."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        return getattr(current(), str(self.name))

    def set(self, obj: Any, value: Any) -> None:
        try:
            config(**{str(self.name): check_setting(str(self.name), value)})
        except ConfigError as error:
            raise TraitError(str(error)) from None


# what `%config` writes after the name of a setting is the name of its class


class Bytes(_Setting):
    """A number of bytes, or text such as "2GiB"."""


class Number(_Setting):
    """A whole number."""


class Folder(_Setting):
    """The path of a folder."""


class Bool(_Setting):
    """True or False."""


class NBArray(Configurable):
    """How nbarray computes.

    >>> NBArray().workers = 0
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: workers: expected a whole number from 1 to 1024, not 0
    """

    memory = Bytes(
        default_value=None, help="Bytes a computation may hold, such as '2GiB'; None: half of what is free."
    ).tag(config=True)
    workers = Number(default_value=None, help="Threads that compute; None: one for each processor.").tag(config=True)
    chunk_bytes = Bytes(
        default_value=None, help="Bytes of a chunk, such as '32MiB', when nobody says how large chunks should be."
    ).tag(config=True)

    scratch = Folder(
        default_value=None, help="Folder for blocks that don't fit into memory; None: TMPDIR or /var/tmp."
    ).tag(config=True)

    jit = Bool(
        default_value=None,
        help="Whether computations are compiled, where numba is installed; None: those that are large enough.",
    ).tag(config=True)

    @classmethod
    def class_get_trait_help(cls, trait: Any, inst: Any = None, helptext: str | None = None) -> str:
        """What ``%config NBArray`` says of a setting, with sizes as people write them."""
        told = super().class_get_trait_help(trait, inst, helptext)
        now = None if inst is None else getattr(inst, str(trait.name))
        if isinstance(trait, Bytes) and now is not None:
            told = told.replace(f"Current: {now!r}", f"Current: {format_bytes(now)}")
        return told

    def update_config(self, config: Config) -> None:
        """Take over what ``%config`` says; an unknown name is an error instead of a warning nobody sees."""
        known = self.trait_names(config=True)
        for name in config.get("NBArray", {}):
            if name not in known:
                raise ConfigError(f"NBArray has no setting {name!r}; {near_names(name, known)}")
        super().update_config(config)


_settings = NBArray()


def add_settings(shell: Any) -> None:
    """List the settings in ``%config`` and apply those of the shell's configuration (``c.NBArray.memory = "2GiB"``)."""
    if _settings in shell.configurables:
        return
    shell.configurables.append(_settings)
    for name, value in shell.config.get("NBArray", {}).items():
        try:
            _settings.update_config(Config({"NBArray": {name: value}}))
        except (ConfigError, TraitError) as error:
            print(f"nbarray: left out of the configuration: {error}", file=sys.stderr)


def remove_settings(shell: Any) -> None:
    """Take the settings out of ``%config``; their values stay."""
    if _settings in shell.configurables:
        shell.configurables.remove(_settings)
