"""One module for each dataset, with READER: see data_prep/reader.py for what a reader is."""
