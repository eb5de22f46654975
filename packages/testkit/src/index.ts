/** Conformance suites for the swap points, and programs to try implementations with. */
export { type Check, TestkitError } from './check.ts'
export { engineChecks } from './engine-suite.ts'
export { FIRMWARE_BYTES, firmware, RESULTS, RESULTS_BYTES } from './firmware.ts'
export { fuzzIo, type IoFuzzOptions } from './io-fuzz.ts'
export { ManualTimeline } from './manual-timeline.ts'
export { type TimelineSubject, timelineChecks } from './timeline-suite.ts'
