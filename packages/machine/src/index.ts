/** A PC: builder, run loop, snapshot; for whoever wants a machine and no hypervisor. */
export {}
