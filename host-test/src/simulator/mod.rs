//! A stand-in for the Fivetran REST API.
