#!/usr/bin/env node
// Committed, so that npm links the command when a clone is installed, before anything is built.
import "../dist/main.js"
