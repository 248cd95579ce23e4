import ArgumentParser

/// Measures speed on this machine.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures speed on this machine.",
    discussion: """
      Examples:
        imago bench kernels
        imago bench unet --size 512 --batch 2 --runs 5
        imago bench lora-step --size 512
        imago bench small-step --json
        imago bench busy
        imago bench e2e --model path/to/stable-diffusion --steps 20
      """,
    subcommands: [
      Kernels.self, UNetCall.self, VAEDecode.self, VAEEncode.self, LoRAStep.self, TrainStep.self, SmallStep.self,
      WholePicture.self, Busy.self,
    ], defaultSubcommand: Kernels.self)
}
