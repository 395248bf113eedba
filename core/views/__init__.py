"""What pages show, computed: frozen data, no drawing. One file per page, and those that several pages share."""
