"""The standard as pure Python: model, validation, comparison, formats, versions, queries."""
