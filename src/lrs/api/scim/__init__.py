"""SCIM 2.0 over HTTP (RFC 7644): `docs/scim.md`."""
