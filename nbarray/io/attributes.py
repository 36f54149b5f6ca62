"""What a variable's attributes say about its numbers: scale, offset, and which ones are missing.

The rules are those of the netCDF4 package, tested against it, since results have to equal what it gives:
which attributes count, when they are ignored, in which dtype each step is done.  Attributes come in as a
plain dict, from whatever read them; no file is touched here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from nbarray.packing import Packing, Scalar

__all__ = ["DEFAULT_FILL", "READ", "Rules", "cf_packing", "netcdf4_packing", "normal_attribute"]

#: The attributes that have a say in how numbers are read.
READ = (
    "_FillValue", "missing_value", "valid_range", "valid_min", "valid_max", "scale_factor", "add_offset", "_Unsigned",
)  # fmt: skip

_MARKS_MISSING = READ[:5]

#: What the netCDF library writes where nothing was written, by the dtype without its byte order.
DEFAULT_FILL: dict[str, Any] = {
    "S1": b"\0", "i1": -127, "u1": 255, "i2": -32767, "u2": 65535, "i4": -2147483647, "u4": 4294967295,
    "i8": -9223372036854775806, "u8": 18446744073709551614, "f4": 9.969209968386869e36, "f8": 9.969209968386869e36,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """What a netCDF4 variable was told to do on reading: its ``set_auto_...`` switches.

    mask, scale, always_mask : as netCDF4's attributes of those names
    default_fill : whether the library's own fill values mean "nothing here"
    """

    mask: bool = True
    scale: bool = True
    always_mask: bool = True
    default_fill: bool = True


@dataclass(frozen=True, slots=True)
class _Missing:
    numbers: tuple[Scalar, ...]
    lowest: Scalar | None
    highest: Scalar | None

    def __bool__(self) -> bool:
        return bool(self.numbers or self.lowest or self.highest)


def netcdf4_packing(
    attributes: Mapping[str, Any],
    dtype: np.dtype[Any],
    rules: Rules = Rules(),
    filled: Callable[[], bool] = lambda: True,
) -> Packing | None:
    """How netCDF4 would make values of stored numbers, None where it hands them on as they are.

    attributes : those of `READ` that the variable has; dtype : of the stored numbers
    filled : whether the variable is filled before it is written, asked only where it matters
    The result is masked whenever netCDF4's is.  With ``always_mask`` off netCDF4 looks at the values to decide between
    a masked and a plain array; here it is masked if any value could be missing.

    >>> packing = netcdf4_packing({"scale_factor": np.float32(0.5), "_FillValue": np.int16(-9)}, np.dtype("i2"))
    >>> packing.result_dtype, packing.result
    ('<f4', 'mask')
    """
    viewed = _unsigned(attributes, dtype) if rules.scale else None
    missing = _missing(attributes, dtype, viewed, rules, filled) if rules.mask else _Missing((), None, None)
    scale, offset, result = _scaling(attributes, viewed or dtype) if rules.scale else (None, None, dtype)
    kind: Literal["mask", "plain"] = "mask" if rules.mask and (rules.always_mask or missing) else "plain"
    if kind == "plain" and viewed is None and scale is None and offset is None and result == dtype:
        return None
    stored_as = None if viewed is None else viewed.str
    return Packing(stored_as, missing.numbers, missing.lowest, missing.highest, scale, offset, result.str, kind)


def cf_packing(
    attributes: Mapping[str, Any],
    dtype: np.dtype[Any],
    missing: Literal["nan", "mask"],
    rules: Rules = Rules(),
    filled: Callable[[], bool] = lambda: True,
) -> Packing | None:
    """How `nbarray.open` makes values of stored numbers, None where it hands them on as they are.

    "mask" gives what netCDF4 gives, in native byte order.  "nan" gives netCDF4's dtype where that is a float,
    float64 for integers of which some may be missing by an attribute, and integers otherwise.
    """
    packing = netcdf4_packing(attributes, dtype, rules, filled)
    if packing is None:
        packing = Packing(None, (), None, None, None, None, dtype.str, "plain")
    result = np.dtype(packing.result_dtype).newbyteorder("=")
    kind: Literal["mask", "nan", "plain"] = packing.result
    if missing == "nan":
        explicit = any(name in attributes for name in _MARKS_MISSING)
        if result.kind in "iu" and explicit and (packing.missing or packing.valid_min or packing.valid_max):
            result = np.dtype(np.float64)
        kind = "nan" if result.kind in "fc" else "plain"
    untouched = packing.stored_as is None and packing.scale is None and packing.offset is None and result == dtype
    if kind == "plain" and untouched:
        return None
    unused: dict[str, Any] = {"missing": (), "valid_min": None, "valid_max": None} if kind == "plain" else {}
    return replace(packing, result_dtype=result.str, result=kind, **unused)


def normal_attribute(value: Any) -> Any:
    """An attribute as netCDF4 gives it: text as str, one number as a scalar, several as an array, native byte order.

    >>> normal_attribute(np.array([0.5], ">f4"))
    np.float32(0.5)
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").rstrip("\0")
    if not isinstance(value, np.ndarray | np.generic):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "biufc":
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind in "SO" and array.size == 1:
        return normal_attribute(array.reshape(-1)[0] if array.dtype.kind == "O" else array.tobytes())
    return array.reshape(-1)[0] if array.size == 1 else array


def _unsigned(attributes: Mapping[str, Any], dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    said = attributes.get("_Unsigned", False)
    if dtype.kind != "i" or not isinstance(said, str) or said not in ("true", "True"):
        return None
    return np.dtype(f"{dtype.str[0]}u{dtype.itemsize}")


def _missing(
    attributes: Mapping[str, Any],
    dtype: np.dtype[Any],
    viewed: np.dtype[Any] | None,
    rules: Rules,
    filled: Callable[[], bool],
) -> _Missing:
    fill = _safe(attributes, "_FillValue", dtype, viewed)
    numbers = [*_safe(attributes, "missing_value", dtype, viewed), *fill]
    kind = dtype.str[1:]
    # netCDF4 masks the default fill value of bytes, too, though a byte variable may well use all its values
    if not fill and rules.default_fill and kind in DEFAULT_FILL and (kind not in ("i1", "u1") or filled()):
        default = np.array(DEFAULT_FILL[kind], dtype)
        # netCDF4 compares the signed number with unsigned ones here, so a negative one is never met
        if viewed is None or default >= 0:
            numbers.append(_scalar(default if viewed is None else default.view(viewed)))
    lowest = highest = None
    if dtype.kind != "S":
        limits = _safe(attributes, "valid_range", dtype, viewed)
        if len(limits) == 2:
            lowest, highest = limits
        else:
            lowest = next(iter(_safe(attributes, "valid_min", dtype, viewed)), None)
            highest = next(iter(_safe(attributes, "valid_max", dtype, viewed)), None)
    return _Missing(tuple(dict.fromkeys(numbers)), lowest, highest)


def _safe(attributes: Mapping[str, Any], name: str, dtype: np.dtype[Any], viewed: np.dtype[Any] | None) -> list[Scalar]:
    """The numbers of an attribute in the variable's dtype; none where that would change them."""
    if name not in attributes:
        return []
    given = np.array(attributes[name])
    try:
        with np.errstate(all="ignore"):
            cast = np.array(given, dtype)
            same = given == cast
            if given.dtype.kind in "fc":
                same = same | (np.isnan(given) & (np.isnan(cast) if cast.dtype.kind in "fc" else False))
    except (ValueError, TypeError, OverflowError):
        return []
    if not np.all(same):
        return []
    return [_scalar(number if viewed is None else number.view(viewed)) for number in cast.reshape(-1, 1)]


def _scaling(attributes: Mapping[str, Any], dtype: np.dtype[Any]) -> tuple[Scalar | None, Scalar | None, np.dtype[Any]]:
    """Scale, offset and the dtype of the result, leaving out steps that netCDF4 leaves out."""
    scale, offset = (attributes.get(name) for name in ("scale_factor", "add_offset"))
    if dtype.kind not in "biuf" or not all(_is_number(each) for each in (scale, offset)):
        return None, None, dtype
    if scale is not None and offset is not None:
        if offset == 0.0 and scale == 1.0:
            return None, None, np.asarray(scale).dtype
    elif scale is None or scale == 1.0:
        scale = None
        offset = None if offset is None or offset == 0.0 else offset
    value = np.zeros(1, dtype)
    value = value if scale is None else value * scale
    value = value if offset is None else value + offset
    return (None if scale is None else _scalar(scale)), (None if offset is None else _scalar(offset)), value.dtype


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    return not isinstance(value, str) and np.size(value) == 1 and np.asarray(value).dtype.kind in "biuf"


def _scalar(value: Any) -> Scalar:
    array = np.asarray(value)
    return Scalar(array.dtype.str, array.tobytes())
