"""Read, write and identify one finished run: its report, its folder and its run.json."""
