"""The certificate stores."""
