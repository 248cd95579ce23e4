import Models
import ReferenceSupport
import TensorCore
import Testing

/// Outputs of every network against diffusers' and transformers'.
///
/// 1e-5 of the range leaves room for another order of summation in some fifty layers of float32
/// (each about 1e-7; the worst here is 2e-6) and none for a wrong epsilon, a wrong axis or a lost
/// bias.
private let tolerance: Float = 1e-5

@Suite struct NetworkParityTests {
  @Test(arguments: fastDeviceNames, ["sd1_tiny", "sd2_tiny_v", "inpaint_tiny_9ch"])
  func conditionalUNet(device: String, name: String) throws {
    try on(device) {
      let reference = try ReferenceCase(name)
      let unet = try reference.conditionalUNet()
      let (x, context) = (try reference.image("unet.x"), try reference.tensor("unet.context"))
      for t in [1, 500, 981] {
        let output = unet(
          x, timesteps: Array(repeating: Float(t), count: x.shape[0]), encoderHiddenStates: context)
        expectMatch(
          output.channelsFirstFloats(), try reference.floats("unet.out.t\(t)"),
          tolerance: tolerance,
          "\(name) U-Net at t \(t) on \(device)")
      }
    }
  }

  /// The readable kernels are right about a whole network too, not only one by one.
  @Test func conditionalUNetOnReferenceKernels() throws {
    try on("reference") {
      let reference = try ReferenceCase("sd1_tiny")
      let unet = try reference.conditionalUNet()
      let row = { (t: Tensor) in t.slice(axis: 0, from: 0, count: 1) }
      let output = unet(
        row(try reference.image("unet.x")), timesteps: [500],
        encoderHiddenStates: row(try reference.tensor("unet.context")))
      let expected = try reference.floats("unet.out.t500")
      expectMatch(
        output.channelsFirstFloats(), Array(expected.prefix(output.count)), tolerance: tolerance,
        "U-Net on the reference kernels")
    }
  }

  /// bfloat16 keeps 8 bits, a rounding error of 2⁻⁹ a value; through some fifty layers that partly
  /// add up and partly cancel, about 1 % of the output's size is left. 3 % would mean sums or norms
  /// kept in 16 bits.
  @Test(arguments: fastDeviceNames)
  func bfloat16UNet(device: String) throws {
    try on(device) {
      let reference = try ReferenceCase("sd1_tiny")
      let unet = try reference.conditionalUNet()
      let output = unet(
        try reference.image("unet.x").cast(to: .bf16), timesteps: [500, 500],
        encoderHiddenStates: try reference.tensor("unet.context"))
      #expect(output.dtype == .bf16)
      let expected = try reference.image("unet.out.t500")
      let difference = output.cast(to: .f32) - expected
      let error = (difference.sumOfSquares / expected.sumOfSquares).squareRoot()
      #expect(error < 3e-2, "relative error \(error)")
    }
  }

  @Test(arguments: fastDeviceNames, ["sd1_tiny", "sd2_tiny_v"])
  func autoencoder(device: String, name: String) throws {
    try on(device) {
      let reference = try ReferenceCase(name)
      let vae = try reference.autoencoder()
      let latents = vae.encode(try reference.image("vae.image"))
      expectMatch(
        latents.mean.channelsFirstFloats(), try reference.floats("vae.mean"), tolerance: tolerance,
        "mean on \(device)")
      expectMatch(
        latents.logVariance.channelsFirstFloats(), try reference.floats("vae.logvar"),
        tolerance: tolerance, "log variance on \(device)")
      let picture = vae.decode(try reference.image("vae.mean"))
      expectMatch(
        picture.channelsFirstFloats(), try reference.floats("vae.decoded"), tolerance: tolerance,
        "decoded picture on \(device)")
    }
  }

  @Test(arguments: fastDeviceNames, ["sd1_tiny", "sd2_tiny_v"])
  func textEncoder(device: String, name: String) throws {
    try on(device) {
      let reference = try ReferenceCase(name)
      let encoding = try reference.textEncoder()(try reference.ids("text.ids"))
      expectMatch(
        encoding.lastHiddenState.floats(), try reference.floats("text.last_hidden_state"),
        tolerance: tolerance, "last hidden state on \(device)")
      expectMatch(
        encoding.hiddenStates[encoding.hiddenStates.count - 2].floats(),
        try reference.floats("text.hidden_minus2"), tolerance: tolerance,
        "last hidden state but one on \(device)")
    }
  }

  @Test(arguments: fastDeviceNames)
  func unconditionalUNet(device: String) throws {
    try on(device) {
      let reference = try ReferenceCase("ddpm_tiny")
      let unet = try reference.load("unet", UNet2DConfig.self) { UNet2DModel($0, $2) }.model
      for t in [10, 900] {
        let output = unet(try reference.image("x"), timesteps: [Float(t), Float(t)])
        expectMatch(
          output.channelsFirstFloats(), try reference.floats("out.t\(t)"), tolerance: tolerance,
          "unconditional U-Net at t \(t) on \(device)")
      }
    }
  }

  @Test(arguments: fastDeviceNames)
  func tinyAutoencoder(device: String) throws {
    try on(device) {
      let reference = try ReferenceCase("taesd_shape")
      let vae = try reference.load("", AutoencoderTinyConfig.self) { AutoencoderTiny($0, $2) }.model
      expectMatch(
        vae.encode(try reference.image("image")).channelsFirstFloats(),
        try reference.floats("latents"), tolerance: tolerance, "latents on \(device)")
      expectMatch(
        vae.decode(try reference.image("latents")).channelsFirstFloats(),
        try reference.floats("decoded"), tolerance: tolerance, "decoded picture on \(device)")
    }
  }
}
