// The bounded and shaped draws, all in integer arithmetic.
#include "broker_core/base/random.h"

#include "broker_core/base/check.h"

#include <algorithm>
#include <array>
#include <bit>

namespace broker {
namespace {

__extension__ using Wide = unsigned __int128;

// -ln(1 - (i + 0.5) / 256) in units of 1/65536, for i = 0..255: the quantiles of the exponential
// distribution of mean 1, computed once and fixed, because library logarithms differ in last bits.
constexpr std::array<std::uint32_t, 256> exponential_quantiles = {
    128,    385,    643,    902,    1162,   1423,   1685,   1949,   2213,   2478,   2745,   3012,
    3281,   3550,   3821,   4093,   4366,   4640,   4916,   5192,   5470,   5749,   6029,   6310,
    6593,   6876,   7161,   7448,   7735,   8024,   8314,   8605,   8898,   9191,   9487,   9783,
    10081,  10380,  10681,  10983,  11286,  11591,  11897,  12205,  12514,  12825,  13137,  13451,
    13766,  14082,  14400,  14720,  15041,  15364,  15689,  16015,  16342,  16672,  17003,  17335,
    17670,  18006,  18344,  18683,  19024,  19368,  19712,  20059,  20408,  20758,  21111,  21465,
    21821,  22179,  22539,  22901,  23265,  23632,  24000,  24370,  24742,  25117,  25493,  25872,
    26253,  26637,  27022,  27410,  27800,  28192,  28587,  28984,  29384,  29786,  30191,  30598,
    31007,  31419,  31834,  32252,  32672,  33095,  33520,  33948,  34380,  34814,  35251,  35690,
    36133,  36579,  37028,  37480,  37935,  38393,  38855,  39320,  39788,  40259,  40734,  41212,
    41694,  42180,  42669,  43162,  43658,  44158,  44663,  45171,  45683,  46199,  46719,  47243,
    47772,  48304,  48842,  49383,  49929,  50480,  51035,  51596,  52161,  52730,  53305,  53885,
    54470,  55061,  55657,  56258,  56865,  57477,  58095,  58720,  59350,  59986,  60629,  61277,
    61933,  62595,  63264,  63939,  64622,  65312,  66009,  66714,  67426,  68146,  68874,  69611,
    70355,  71109,  71871,  72642,  73422,  74212,  75011,  75820,  76639,  77469,  78309,  79160,
    80022,  80896,  81782,  82680,  83590,  84513,  85449,  86399,  87363,  88341,  89334,  90342,
    91366,  92406,  93464,  94538,  95630,  96741,  97871,  99021,  100191, 101383, 102596, 103833,
    105093, 106378, 107689, 109027, 110392, 111786, 113211, 114668, 116157, 117681, 119242, 120840,
    122479, 124159, 125884, 127655, 129476, 131348, 133276, 135262, 137310, 139425, 141609, 143869,
    146210, 148638, 151159, 153781, 156512, 159361, 162341, 165462, 168740, 172190, 175832, 179688,
    183785, 188156, 192839, 197883, 203347, 209309, 215868, 223157, 231360, 240738, 251686, 264838,
    281308, 303359, 336836, 408835,
};

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
    CHECK(bound > 0);
    auto product = static_cast<Wide>(engine_()) * bound;
    auto low = static_cast<std::uint64_t>(product);
    if (low < bound) {
        std::uint64_t const threshold = (0 - bound) % bound;
        while (low < threshold) {
            product = static_cast<Wide>(engine_()) * bound;
            low = static_cast<std::uint64_t>(product);
        }
    }
    return static_cast<std::uint64_t>(product >> 64U);
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
    CHECK(low <= high);
    std::uint64_t const width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    std::uint64_t const step = width == UINT64_MAX ? next() : below(width + 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + step);
}

std::int64_t Random::exponential(std::int64_t mean, std::int64_t max) {
    CHECK(mean >= 0);
    std::uint64_t const bits = next();
    std::uint64_t const quantile = exponential_quantiles[bits >> 56U];
    // The low bits spread each of the 256 steps by up to +-1/512 of the mean, so that equal
    // delays stay rare.
    std::uint64_t const spread = (bits & 0xffU);
    Wide const scaled = (static_cast<Wide>(mean) * (quantile * 256 + spread)) >> 24U;
    Wide const limit = static_cast<Wide>(max < 0 ? 0 : max);
    return static_cast<std::int64_t>(std::min(scaled, limit));
}

std::int64_t Random::log_uniform(std::int64_t low, std::int64_t high) {
    CHECK(low >= 1);
    CHECK(low <= high);
    // Draw a power of two between the two magnitudes, then uniformly inside that octave.
    auto const low_bit =
        static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(low))) - 1;
    auto const high_bit =
        static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(high))) - 1;
    std::int64_t const octave = between(low_bit, high_bit);
    std::int64_t const first = std::max(low, std::int64_t{1} << octave);
    std::int64_t const last =
        octave >= 62 ? high : std::min(high, (std::int64_t{1} << (octave + 1)) - 1);
    return between(first, last);
}

}  // namespace broker
