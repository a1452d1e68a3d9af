"""The memory and the compiled parts of `deskmatch.solver.matcher`; `entry.apply_event` is the kernel."""
