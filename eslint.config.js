import { existsSync } from "node:fs"
import { join } from "node:path"
import js from "@eslint/js"
import { defineConfig, globalIgnores } from "eslint/config"
import svelte from "eslint-plugin-svelte"
import ts from "typescript-eslint"
import { importTableRule, table } from "./scripts/eslint/import-table.mjs"

const root = import.meta.dirname
const library = "packages/stringphone/src"

const pure = Object.keys(table.library)
  .filter((layer) => table.library[layer].pure)
  .map((layer) => `${library}/${layer}/**/*.ts`)

/** Time, randomness and the outside world arrive in the pure layers as arguments. */
const impureGlobals = [
  ..."Date performance process console globalThis window self global navigator".split(" "),
  ..."setTimeout setInterval setImmediate clearTimeout clearInterval queueMicrotask".split(" "),
  ..."fetch crypto localStorage indexedDB WebSocket Worker Buffer".split(" "),
]

const svelteConfig = join(root, "packages", "web", "svelte.config.js")

export default defineConfig(
  globalIgnores(["**/dist/", "**/.cache/", "**/coverage/", "packages/stringphone/api/"]),
  js.configs.recommended,

  {
    files: ["**/*.ts", "**/*.svelte"],
    extends: [ts.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["vitest.config.ts", "packages/*/*.config.ts"] },
        tsconfigRootDir: root,
        extraFileExtensions: [".svelte"],
      },
    },
    plugins: { local: { rules: { "import-table": importTableRule } } },
    rules: {
      "local/import-table": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A number in a sentence is no mistake, and neither is `() => doIt()` or `return doIt()` …
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      // … nor `[...text]` for code points, nor a method of a stateless port as a function …
      "@typescript-eslint/no-misused-spread": ["error", { allow: ["string"] }],
      "@typescript-eslint/unbound-method": "off",
      // … nor a type parameter that brands what is returned, nor a platform's own error passed on.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/prefer-promise-reject-errors": [
        "error",
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      // An async method without await turns what it throws into a rejection, as its port promises.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      // The compiler knows the names.
      "no-undef": "off",
    },
  },

  {
    files: [`${library}/**/*.ts`],
    rules: {
      "no-console": "error",
      "no-restricted-properties": [
        "error",
        { object: "process", property: "stdout", message: "The library prints nothing." },
        { object: "process", property: "stderr", message: "The library prints nothing." },
        { object: "process", property: "exit", message: "The library ends no program." },
      ],
    },
  },

  {
    files: pure,
    ignores: Object.keys(table.files).map((file) => `${library}/${file}`),
    rules: {
      "no-restricted-globals": [
        "error",
        ...impureGlobals.map((name) => ({
          name,
          message: "A pure layer: time, randomness and the outside world arrive as arguments.",
        })),
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Random bytes arrive as arguments." },
      ],
    },
  },

  {
    // Tests look at what must not be there, and hand in what does not fit.
    files: ["packages/*/test/**/*.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },

  {
    files: ["packages/web/**/*.svelte", "packages/web/**/*.svelte.ts"],
    extends: [svelte.configs.recommended],
    languageOptions: {
      parserOptions: {
        parser: ts.parser,
        ...(existsSync(svelteConfig) && { svelteConfig: (await import(svelteConfig)).default }),
      },
    },
  },

  {
    // Types inside of templates are svelte-check's business; here they are all `any`.
    files: ["packages/web/**/*.svelte"],
    rules: Object.fromEntries(
      ["assignment", "argument", "call", "member-access", "return"].map((use) => [
        `@typescript-eslint/no-unsafe-${use}`,
        "off",
      ]),
    ),
  },

  {
    // In projects of the compiler's own making, which knows little about them.
    files: ["**/*.config.ts"],
    extends: [ts.configs.disableTypeChecked],
  },

  {
    files: ["packages/web/public/**/*.js"],
    languageOptions: {
      globals: Object.fromEntries(["self", "caches", "clients"].map((name) => [name, "readonly"])),
    },
  },

  {
    files: ["**/*.js", "**/*.mjs"],
    rules: { "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }] },
    languageOptions: {
      globals: Object.fromEntries(
        "process console URL Buffer setTimeout clearTimeout setInterval clearInterval performance TextEncoder TextDecoder structuredClone fetch AbortSignal AbortController"
          .split(" ")
          .map((name) => [name, "readonly"]),
      ),
    },
  },
)
