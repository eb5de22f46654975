import { checkManifest, checkPresence } from './manifest-rules.ts'
import { checkModel, manifestOf, type Violation } from './model.ts'
import { checkSources, checkWorkspaceTools } from './source-rules.ts'
import { openWorkspace } from './workspace.ts'

/** Everything in the checkout at `root` that contradicts its `architecture.json`. */
export function checkArchitecture(root: string): Violation[] {
  const workspace = openWorkspace(root)
  const { packages } = workspace.architecture
  return [
    ...checkModel(workspace.architecture),
    ...checkPresence(workspace),
    ...packages.flatMap((row) => checkManifest(workspace, row)),
    ...packages.flatMap((row) => {
      const manifest = manifestOf(root, row)
      return manifest === undefined ? [] : checkSources(workspace, row, manifest)
    }),
    ...checkWorkspaceTools(workspace),
  ]
}
