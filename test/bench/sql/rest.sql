-- Before measuring: statistics as autovacuum would have them some minutes later, and no checkpoint under way.
VACUUM ANALYZE;
CHECKPOINT;
