// The table of docs/tests.md, `lb-variance`, and what the numbers must obey.
#include "suite/stats/hashing.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace cats::suite::stats {
namespace {

struct Row {
  std::int64_t flows, sites;
  double mean, p5, p95, floor, worst;
  double precision;  // of p5 and p95, as many digits as the table has
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.flows << "/" << row.sites; }

class Table : public testing::TestWithParam<Row> {};

TEST_P(Table, Holds) {
  const Row& row = GetParam();
  const HashBand band = hash_band(row.flows, row.sites);
  EXPECT_NEAR(hash_mean(row.flows, row.sites), row.mean, 0.00005);
  EXPECT_NEAR(band.p5, row.p5, row.precision);
  EXPECT_NEAR(band.p95, row.p95, row.precision);
  EXPECT_NEAR(round_robin_floor(row.flows, row.sites), row.floor, 0.00005);
  EXPECT_NEAR(worst_spread(row.sites), row.worst, 0.0005);
  EXPECT_NEAR(hash_imbalance_mean(row.flows,
                                  std::vector(static_cast<std::size_t>(row.sites), 1 / static_cast<double>(row.sites))),
              hash_mean(row.flows, row.sites), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Theory, Table,
                         testing::Values(Row{100, 3, 0.1131, 0.033, 0.213, 0.0133, 1.333, 0.0005},
                                         Row{1000, 3, 0.0357, 0.009, 0.069, 0.0013, 1.333, 0.0005},
                                         Row{10000, 10, 0.0239, 0.015, 0.034, 0, 1.8, 0.0006}));

TEST(Hashing, TheBandsAreExactWhereTheyCanBe) {
  EXPECT_EQ(hash_band(100, 3).method, "exact");
  EXPECT_NEAR(hash_band(100, 3).sd, 0.0585, 0.0005);
  EXPECT_EQ(hash_band(10000, 10).method, "4000 simulated rounds");
}

// Two flows on two sites: together (spread 1) or apart (0), each half of the time.
TEST(Hashing, TwoFlowsOnTwoSites) {
  EXPECT_DOUBLE_EQ(hash_mean(2, 2), 0.5);
  const HashBand band = hash_band(2, 2);
  EXPECT_DOUBLE_EQ(band.sd, 0.5);
  EXPECT_DOUBLE_EQ(band.p5, 0);
  EXPECT_DOUBLE_EQ(band.p95, 1);
}

TEST(Hashing, OneSiteHasNoSpread) {
  EXPECT_EQ(hash_mean(100, 1), 0);
  EXPECT_EQ(hash_band(100, 1).p95, 0);
  EXPECT_EQ(round_robin_floor(100, 1), 0);
  EXPECT_EQ(worst_spread(1), 0);
}

// Perfect sharing in proportion to capacities 1:2:3 is 0.333 to the draft's var_alg, and uniform hashing looks better.
TEST(Hashing, UnequalCapacitiesRankBackwards) {
  const std::array<double, 3> weights{1.0 / 6, 2.0 / 6, 3.0 / 6};
  EXPECT_NEAR(spread(std::array<std::int64_t, 3>{100, 200, 300}), 1.0 / 3, 1e-12);
  EXPECT_LT(hash_mean(600, 3), spread(std::array<std::int64_t, 3>{100, 200, 300}));
  EXPECT_GT(hash_imbalance_mean(600, weights), 0.33);
}

TEST(Hashing, SpreadOfCounts) {
  EXPECT_EQ(spread(std::array<std::int64_t, 3>{34, 33, 33}), round_robin_floor(100, 3));
  EXPECT_EQ(spread(std::array<std::int64_t, 3>{0, 100, 0}), worst_spread(3));
  EXPECT_EQ(spread(std::array<std::int64_t, 3>{0, 0, 0}), 0);
}

}  // namespace
}  // namespace cats::suite::stats
