"""Original files to records, records to databases; a synthetic face set that needs no file at all."""
