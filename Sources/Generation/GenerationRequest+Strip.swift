import Conditioning

extension GenerationRequest {
  /// A strip of pictures on the way to another seed, another prompt, or both; the first and the last are those alone.
  /// - Parameters:
  ///   - frames: pictures, at least 2. The request's first prompt and seed are the start.
  public func strip(
    toSeed: UInt64? = nil, toPrompt: String? = nil, frames: Int
  ) throws(GenerationError) -> GenerationRequest {
    guard let prompt = prompts.first, let seed = seeds.first, (2...1000).contains(frames) else {
      throw .badValue(name: "frames of a strip", value: "\(frames)", reason: "must be 2 to 1000")
    }
    let shares = (0..<frames).map { Double($0) / Double(frames - 1) }
    var strip = self
    strip.prompts = shares.map { _ in prompt }
    strip.seeds = shares.map { _ in seed }
    strip.variations = toSeed.map { to in shares.map { SeedVariation(seed: to, strength: $0) } } ?? []
    strip.blends = toPrompt.map { to in shares.map { PromptBlend(prompt: to, share: $0) } } ?? []
    // With one generator for all, frames would start from different noise.
    if strip.stream == .torchBatch { strip.stream = .torch }
    return strip
  }
}
