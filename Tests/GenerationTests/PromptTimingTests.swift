import Diffusion
import Generation
import PipelineSupport
import TensorCore
import Testing

/// When prompts change, as AUTOMATIC1111 counts: by calls of the network, of which it expects two in each step of a method
/// of second order. `[a:b:n]` has its last call with a at number n, counted from 0.
@Suite struct PromptTimingTests {
  private func request(_ prompt: String, _ sampler: SamplerName, steps: Int = 4) -> GenerationRequest {
    GenerationRequest(
      prompts: [prompt], steps: steps, guidance: Guidance(scale: 1), sampler: sampler, seeds: [7], width: 64,
      height: 64)
  }

  /// The latents after each call.
  private func states(_ request: GenerationRequest) throws -> [[Float]] {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    var states: [[Float]] = []
    _ = try pipeline.generate(request) { states.append($0.sample.floats()) }
    return states
  }

  @Test(
    arguments: [
      // Half of four steps: calls 0 to 2, or of eight: 0 to 4.
      (.euler, "0.5", 3), (.ddim, "0.5", 3), (.pndm, "0.5", 3), (.dpmpp2M, "0.5", 3), (.heun, "0.5", 5),
      (.dpm2, "0.5", 5), (.dpmpp2SAncestral, "0.5", 5), (.dpmppSDE, "0.5", 5), (.dpmpp2S, "0.5", 3),
      // Whole numbers count calls too.
      (.heun, "2", 3), (.dpm2Ancestral, "3", 4), (.euler, "1", 2),
    ] as [(SamplerName, String, Int)])
  func changes(sampler: SamplerName, when: String, at call: Int) throws {
    let plain = try states(request("a cat", sampler))
    let changing = try states(request("a [cat:dog:\(when)]", sampler))
    let first = zip(plain, changing).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    #expect(first == call)
  }

  /// In a method of second order texts take turns within a step.
  @Test func alternation() throws {
    let plain = try states(request("a cat", .heun))
    let turns = try states(request("a [cat|dog]", .heun))
    #expect(turns[1] == plain[1] && turns[2] != plain[2])
  }

  /// Part of a run counts from where it starts.
  @Test func imageToImage() throws {
    let components = try EditFixtures.components()
    let picture = TestPictures.noise(width: 64, height: 64)
    func latents(_ prompt: String) throws -> [[Float]] {
      let canvas = try EditCanvas(picture, multiple: 8, defaultSize: 64)
      var states: [[Float]] = []
      _ = try ImageToImage(components, precision: .f32).generate(
        ImageToImageRequest(request(prompt, .euler, steps: 8), canvas: canvas, strength: 0.5)
      ) { _, latents in states.append(latents.floats()) }
      return states
    }
    let (plain, changing) = (try latents("a cat"), try latents("a [cat:dog:1]"))
    #expect(plain.count == 4 && plain[1] == changing[1] && plain[2] != changing[2])
  }

  /// The second pass of a hires fix has shares 1.0 to 2.0 of its own and counts on from the first.
  @Test func secondPass() throws {
    func latents(_ prompt: String) throws -> [[Float]] {
      var request = request(prompt, .euler)
      request.hires = HiresFix(scale: 1, steps: 4, denoise: 1)
      return try states(request)
    }
    let plain = try latents("a cat")
    for when in ["1.5", "6"] {
      let changing = try latents("a [cat:dog:\(when)]")
      let first = zip(plain, changing).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      #expect(plain.count == 8 && first == 7, "\(when)")
    }
  }
}
