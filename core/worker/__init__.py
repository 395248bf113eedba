"""The process that does the work: claims runs, trains them in processes of their own, moves studies on."""
