/** Backends that touch the outside in Node: files and overlays, terminal, network switch, passt. */
export {}
