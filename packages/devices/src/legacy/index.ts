/** What PCs have had since long, and what hypervisors added in the same manner. */
export { DEBUG_CONSOLE_PORT, debugConsole, isaDebugExit } from './debug-ports.ts'
export { type FastA20, type FastA20Options, type FastA20State, fastA20 } from './fast-a20.ts'
export {
  FW_CFG,
  FW_CFG_PORTS,
  FwCfg,
  type FwCfgImage,
  type FwCfgNumber,
  type FwCfgOptions,
  type FwCfgState,
} from './fw-cfg.ts'
export { I8042, type I8042Options, type I8042State } from './i8042.ts'
export { Ps2Keyboard, type Ps2KeyboardState } from './ps2-keyboard.ts'
export { KEY_CODES } from './ps2-keys.ts'
export { type MouseMovement, Ps2Mouse, type Ps2MouseState } from './ps2-mouse.ts'
export { PVPANIC, PVPANIC_PORT, pvpanic } from './pvpanic.ts'
