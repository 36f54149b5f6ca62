"""The invented world's temperature."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from nbarray.cli.sample_met import FILL_VALUE, World, pack

SMALL = (181, 360)


@pytest.fixture(scope="module")
def world() -> World:
    """The world on a grid of one degree."""
    return World(SMALL)


def test_days_do_not_depend_on_each_other(world: World) -> None:
    """A day is the same numbers whatever was made before it, and by whomever."""
    day = date(2014, 6, 1)
    world.day(date(2014, 1, 1))

    np.testing.assert_array_equal(World(SMALL).day(day), world.day(day))


@pytest.mark.parametrize("day", [date(2014, 1, 1), date(2014, 4, 15), date(2014, 7, 15), date(2014, 12, 31)], ids=str)
def test_temperatures_are_believable(world: World, day: date) -> None:
    """Nowhere colder than the coldest and hotter than the hottest place on Earth."""
    kelvin = world.day(day)

    assert (4, *SMALL) == kelvin.shape
    assert np.isfinite(kelvin).all()
    assert 190 < kelvin.min() < 245
    assert 305 < kelvin.max() < 330


def test_seasons(world: World) -> None:
    """July is warmer than January in the north, and colder in the south."""
    january, july = (world.day(date(2014, month, 15)).mean(axis=(0, 2)) for month in (1, 7))
    north, south = world.latitude > 30, world.latitude < -30

    assert (july - january)[north].mean() > 3
    assert (july - january)[south].mean() < -3


def test_the_sun_goes_around(world: World) -> None:
    """Midnight minus noon by Greenwich time is cold at longitude 0 and warm on the other side of the globe."""
    difference = np.mean([world.day(date(2014, 3, 1 + k))[[0, 2]] for k in range(3)], axis=0)
    midnight_minus_noon = difference[0] - difference[1]
    night, day = (np.abs(world.longitude - centre) < 60 for centre in (20, 200))

    assert midnight_minus_noon[:, night].mean() < -0.2
    assert midnight_minus_noon[:, day].mean() > 0.2


def test_the_world_is_round(world: World) -> None:
    """There is no seam where the longitudes meet, nor a jump from row to row."""
    one_map = world.day(date(2014, 1, 1))[0]
    steps = np.abs(np.diff(one_map, axis=1)).mean(axis=0)
    seam = np.abs(one_map[:, 0] - one_map[:, -1]).mean()

    assert seam < 2 * steps.max()


def test_gaps_on_some_days(world: World) -> None:
    """One day in four has gaps, a few per cent of each map; the others have none."""
    days = [date(2014, 1, 1) + timedelta(days=k) for k in range(12)]
    gaps = [world.gaps(day) for day in days]
    shares = [one_map.mean() for gap in gaps if gap is not None for one_map in gap]

    assert [False, True, False, False] * 3 == [gap is not None for gap in gaps]
    assert 0.005 < min(shares) <= max(shares) < 0.12


def test_packing_keeps_twelve_bits(world: World) -> None:
    """What is unpacked is what was packed, to half a step of the archive's precision."""
    kelvin = world.day(date(2014, 1, 1))
    packed = pack(kelvin, None)
    unpacked = packed.values * packed.scale + packed.offset
    half_step = (float(kelvin.max()) - float(kelvin.min())) / 4095 / 2

    assert np.int16 == packed.values.dtype
    assert FILL_VALUE not in packed.values
    np.testing.assert_allclose(unpacked, kelvin, rtol=0, atol=half_step * 1.01)


def test_packing_marks_gaps() -> None:
    """What is missing is stored as the fill value, and nothing else is."""
    kelvin = np.array([[200.0, 250.0], [260.0, 300.0]], np.float32)
    packed = pack(kelvin, np.array([[True, False], [False, True]]))

    assert [[True, False], [False, True]] == (packed.values == FILL_VALUE).tolist()


def test_packing_a_constant() -> None:
    """A map without any range is packed too."""
    packed = pack(np.full((2, 2), 280, np.float32), None)

    assert 280 == pytest.approx(float(packed.values[0, 0] * packed.scale + packed.offset))
