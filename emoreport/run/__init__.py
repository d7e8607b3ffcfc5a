"""One finished run on disk: its report, its folder, its run.json."""
