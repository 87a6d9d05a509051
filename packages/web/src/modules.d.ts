/** mqtt.js, bundled for browsers: one default export, with the functions of the package. */
declare module "mqtt/dist/mqtt.esm" {
  const mqtt: typeof import("mqtt")
  export default mqtt
}
