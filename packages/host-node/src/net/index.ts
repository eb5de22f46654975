/** Networks. */
export { joinSwitch } from './join-switch.ts'
export { type PasstOptions, passtNetwork, USER_NETWORK } from './passt.ts'
export { NetSwitch } from './switch.ts'
