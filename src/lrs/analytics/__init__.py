"""The closed language of aggregation queries: measures, dimensions, filters: pure."""
