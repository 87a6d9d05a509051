/// <reference types="vite/client" />
import "../../src/app.css"
import { mount } from "svelte"
import Stand from "./Stand.svelte"

const target = document.getElementById("app")
if (target) mount(Stand, { target })
