from mm._core.event cimport Event


cpdef bytes pack(Event event)
