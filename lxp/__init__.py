"""The project package and ground floor: one Django app of applets that everything else stands on."""
