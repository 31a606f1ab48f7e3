# For C there is nothing here: cimport an event from the module that defines it.
