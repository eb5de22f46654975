/** What PCs have had since long, and what hypervisors added in the same manner. */
export { FW_CFG, FW_CFG_PORTS, FwCfg, type FwCfgState } from './fw-cfg.ts'
export { I8042, type I8042Options, type I8042State } from './i8042.ts'
export { SCAN_CODES_2 } from './scan-codes.ts'
export { DEBUG_CONSOLE_PORT, debugConsole, fastA20, isaDebugExit, PVPANIC, PVPANIC_PORT, pvpanic } from './small.ts'
