/** x86 to WebAssembly: interpreter tier, region compiler, passes, code cache; x86 to x86 for mode full. */
export type {}
