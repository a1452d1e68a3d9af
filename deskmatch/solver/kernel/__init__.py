"""The compiled exact method: `entry.solve_arrays` is the kernel, the other files are its parts."""
