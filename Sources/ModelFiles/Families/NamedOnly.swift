/// Stable Diffusion 3, which is told apart and not run.
struct SD3: FamilyTraits {
  var metadataNames: [String] { ["sd3", "stable-diffusion-3"] }
}

/// Flux, which is told apart and not run.
struct Flux: FamilyTraits {
  var metadataNames: [String] { ["flux"] }
}
