"""The designers' screens, under /design/: programmes, their builder, cohorts, plans of single learners, the time machine."""
