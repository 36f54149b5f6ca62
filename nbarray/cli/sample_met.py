"""An invented world's temperature: what ``nbarray sample met`` writes.

The maps are made by formula from one seed, so a day is the same numbers whatever was made before it.
They only have to look and compress like an archive of real ones: a warm equator, continents that heat
and cool faster than the sea, seasons, a diurnal cycle that follows the sun around the globe, travelling
weather and fine noise.  This file knows numbers, not files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FILL_VALUE", "HOURS", "PackedDay", "World", "pack"]

Map = npt.NDArray[np.floating[Any]]

SEED = 2014
#: Hours of the day (UTC) of a day's maps.
HOURS = (0, 6, 12, 18)
FILL_VALUE = -32767

#: Points of the full grid for each point of the coarse one, along both axes.
_FINE = 4
_WAVES = 96
#: Levels between a day's coldest and warmest point; archives keep 12 bits of a field or so.
_LEVELS = 4095
#: Stored numbers for each level: the 12 bits spread over all of int16.
_SPREAD = 16


@dataclass(frozen=True)
class World:
    """The invented world on a grid of latitude (90 to -90 degrees) and longitude (from 0 eastwards).

    shape : points along latitude and longitude; one less than the first, and the second, are multiples of four

    >>> World((181, 360)).day(date(2014, 1, 1)).shape
    (4, 181, 360)
    """

    shape: tuple[int, int] = (721, 1440)

    @cached_property
    def latitude(self) -> Map:
        """Degrees north, from the north pole down."""
        return np.linspace(90, -90, self.shape[0], dtype=np.float32)

    @cached_property
    def longitude(self) -> Map:
        """Degrees east, from 0 up to but not including 360."""
        return np.linspace(0, 360, self.shape[1], endpoint=False, dtype=np.float32)

    def day(self, day: date) -> Map:
        """The day's maps in Kelvin: (hour, latitude, longitude)."""
        solid, sea, ground = self._climate(day)
        calm = sea + solid * (ground - sea)
        return np.stack([calm + self._sunshine(hour) + self._weather(day, hour) for hour in HOURS])

    def gaps(self, day: date) -> npt.NDArray[np.bool_] | None:
        """Where the day's maps are missing (a few % of each, in discs), or None on the three days in four without gaps.

        >>> world = World((181, 360))
        >>> world.gaps(date(2014, 1, 1)) is None, world.gaps(date(2014, 1, 2)).shape
        (True, (4, 181, 360))
        """
        if day.toordinal() % 4 != date(2014, 1, 2).toordinal() % 4:
            return None
        rng = np.random.default_rng([SEED, day.toordinal()])
        missing = np.zeros((len(HOURS), *self.shape), bool)
        for one_map in missing:
            for centre, radius in zip(_directions(rng, 5), np.radians(rng.uniform(5, 12, 5)), strict=True):
                one_map |= self._points @ centre > np.cos(radius)
        return missing

    # ------------------------------------------------------------------ what never changes

    @cached_property
    def _points(self) -> Map:
        """Each point as a unit vector: (latitude, longitude, 3). Fields made from these have no seam and no poles."""
        lat, lon = np.radians(self.latitude)[:, None], np.radians(self.longitude)
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat) + 0 * lon], axis=-1)

    @cached_property
    def _sine(self) -> Map:
        """Sine of latitude, as a column."""
        return np.sin(np.radians(self.latitude))[:, None]

    @cached_property
    def _cosine(self) -> Map:
        """Cosine of latitude, as a column."""
        return np.maximum(np.cos(np.radians(self.latitude)), np.float32(0))[:, None]

    @cached_property
    def _land(self) -> tuple[Map, Map, Map]:
        """Share of land (0 to 1), height above the sea (km) and a smooth field of variance one, of each point."""
        rng = np.random.default_rng([SEED, 1])
        coarse = self._points[::_FINE, ::_FINE]
        ground = _ripples(coarse, rng, 24, 1.5, 4) + 0.35 * _ripples(coarse, rng, 60, 6, 60)
        ranges = _ripples(coarse, rng, 40, 4, 14)
        north = coarse[..., 2] + 0.025 * ranges  # no coast follows a circle of latitude
        ground += 4 * _ramp(-north, 0.89, 0.97) - 3 * _ramp(north, 0.91, 0.98)  # a southern continent, a northern sea
        weight = np.repeat(self._cosine[::_FINE], coarse.shape[1], axis=1)
        above = _upsample(ground - _quantile(ground, weight, 0.68))
        land = 1 / (1 + np.exp(-30 * np.clip(above, -1, 1)))
        rugged = _upsample(ranges)
        height = land * (0.5 * np.clip(above, 0, 2) + 1.6 * np.maximum(rugged - 0.7, 0))
        height += 1.5 * land * _ramp(-self._sine, 0.92, 0.97)
        return land.astype(np.float32), height.astype(np.float32), rugged

    @cached_property
    def _fronts(self) -> tuple[Map, Map]:
        """The waves that weather is made of, at hour zero: (2 × waves, points of the coarse grid); their speeds."""
        rng = np.random.default_rng([SEED, 2])
        coarse = self._points[::_FINE, ::_FINE].reshape(-1, 3)
        size = np.exp(rng.uniform(np.log(5), np.log(32), _WAVES)).astype(np.float32)
        phase = coarse @ (_directions(rng, _WAVES) * size[:, None]).T
        phase += rng.uniform(0, 2 * np.pi, _WAVES).astype(np.float32)
        loudness = np.sqrt(2 / _WAVES) * (size / size.mean()) ** -0.5
        waves = np.concatenate([np.cos(phase) * loudness, np.sin(phase) * loudness], axis=1).T
        return np.ascontiguousarray(waves, np.float32), rng.uniform(-0.06, 0.06, _WAVES).astype(np.float32)

    @cached_property
    def _restlessness(self) -> Map:
        """Kelvin of weather: little in the tropics, more over land."""
        land, _, _ = self._land
        return ((0.6 + 4.5 * self._sine**2) * (0.6 + 0.5 * land)).astype(np.float32)

    # ------------------------------------------------------------------ what does

    def _climate(self, day: date) -> tuple[Map, Map, Map]:
        """Of the day: share of land or ice, temperature of open sea, temperature of land and ice."""
        land, height, rugged = self._land
        turn = 2 * np.pi * (day.timetuple().tm_yday - 200) / 365.25
        summer, late_summer = np.float32(np.cos(turn)), np.float32(np.cos(turn - 0.6))
        edge = 0.93 + 0.03 * np.sign(self._sine) * late_summer + 0.012 * rugged
        ice = ((1 - land) * _ramp(np.abs(self._sine), edge - 0.02, edge + 0.02)).astype(np.float32)
        sea = 271.4 + 29 * self._cosine**1.6 + 3 * self._sine * self._cosine * late_summer
        ground = 263 + 38 * self._cosine**1.7 + 20 * self._sine * summer - 6.5 * height
        ground -= 12 * _ramp(-self._sine, 0.92, 0.98)
        return land + ice, sea.astype(np.float32), np.where(ice > 0.5, np.minimum(ground, 273), ground)

    def _sunshine(self, hour: int) -> Map:
        """Kelvin that the hour is warmer than its day: most at half past two by the sun, on land, off the poles."""
        land, height, _ = self._land
        local_hour = hour + self.longitude / 15
        return (0.3 + 6 * land + 0.8 * height) * self._cosine * np.cos(2 * np.pi * (local_hour - 14.5) / 24)

    def _weather(self, day: date, hour: int) -> Map:
        """Kelvin that the hour is warmer than its climate: travelling waves and noise of two sizes."""
        waves, speed = self._fronts
        hours = np.float32(24 * (day.toordinal() - date(2014, 1, 1).toordinal()) + hour)
        turned = np.concatenate([np.cos(speed * hours), np.sin(speed * hours)])
        rng = np.random.default_rng([SEED, day.toordinal(), hour])
        rows, columns = (self.shape[0] - 1) // _FINE + 1, self.shape[1] // _FINE
        fronts = np.einsum("wp,w->p", waves, turned).reshape(rows, columns)  # not @: its threads spin
        fronts += 0.15 * _blur(rng.standard_normal((rows, columns), np.float32))
        noise = _blur(rng.standard_normal(self.shape, np.float32)) * (0.25 * np.sqrt(self._cosine))
        weather: Map = self._restlessness * (_upsample(fronts) + 0.2 * noise)
        return weather


@dataclass(frozen=True, slots=True)
class PackedDay:
    """A day's maps as a file stores them: ``values * scale + offset`` are Kelvin."""

    values: npt.NDArray[np.int16]
    scale: float
    offset: float


def pack(kelvin: Map, gaps: npt.NDArray[np.bool_] | None) -> PackedDay:
    """Pack maps into int16, with the scale and offset of their own range as archives do.

    >>> packed = pack(np.array([200.0, 300.0], np.float32), np.array([False, True]))
    >>> packed.values.tolist(), round(float(packed.values[0] * packed.scale + packed.offset), 6)
    ([-32760, -32767], 200.0)
    """
    low, high = float(kelvin.min()), float(kelvin.max())
    step = (high - low) / _LEVELS or 1.0
    scale = step / _SPREAD
    lowest = -_SPREAD * _LEVELS // 2
    level = np.rint((kelvin - np.float32(low)) * np.float32(1 / step)).astype(np.int32)
    values = (level * _SPREAD + lowest).astype(np.int16)
    if gaps is not None:
        values[gaps] = FILL_VALUE
    return PackedDay(values, scale, low - lowest * scale)


def _directions(rng: np.random.Generator, count: int) -> Map:
    """Directions in space, evenly over the sphere: (count, 3)."""
    vectors = rng.standard_normal((count, 3))
    directions: Map = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return directions


def _ripples(points: Map, rng: np.random.Generator, count: int, longest: float, shortest: float) -> Map:
    """A sum of plane waves over points of the sphere, of variance one; `longest`, `shortest` in radians per radius."""
    size = np.exp(rng.uniform(np.log(longest), np.log(shortest), count)).astype(np.float32)
    loudness = size**-0.7
    phase = points @ (_directions(rng, count) * size[:, None]).T + rng.uniform(0, 2 * np.pi, count).astype(np.float32)
    field: Map = np.cos(phase) @ (loudness * np.sqrt(2 / np.sum(loudness**2))).astype(np.float32)
    return field


def _quantile(values: Map, weights: Map, share: float) -> float:
    """The value that `share` of the weight lies below."""
    order = np.argsort(values, axis=None)
    below = np.cumsum(weights.ravel()[order], dtype=np.float64)
    return float(values.ravel()[order[np.searchsorted(below, share * below[-1])]])


def _ramp(x: Map, start: Map | float, stop: Map | float) -> Map:
    """From 0 where x is at `start` to 1 where it is at `stop`, smoothly."""
    t = np.clip((x - start) / (stop - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _blur(values: Map) -> Map:
    """A 3 × 3 binomial blur, of the same variance; around the globe along the last axis."""
    padded = np.concatenate([values[:, -1:], values, values[:, :1]], axis=1)
    across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    padded = np.concatenate([across[:1], across, across[-1:]])
    blurred: Map = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / np.float32(6)  # 6: the norm of (1 2 1) × (1 2 1)
    return blurred


def _upsample(coarse: Map) -> Map:
    """From the coarse grid to the full one, linearly; around the globe along the last axis."""
    rows = np.empty(((len(coarse) - 1) * _FINE + 1, coarse.shape[1]), np.float32)
    rows[::_FINE] = coarse
    fine = np.empty((len(rows), coarse.shape[1], _FINE), np.float32)
    for k in range(1, _FINE):
        near, far = np.float32(1 - k / _FINE), np.float32(k / _FINE)
        rows[k::_FINE] = near * coarse[:-1] + far * coarse[1:]
    east = np.roll(rows, -1, axis=1)
    for k in range(_FINE):
        fine[..., k] = np.float32(1 - k / _FINE) * rows + np.float32(k / _FINE) * east
    return fine.reshape(len(rows), -1)
