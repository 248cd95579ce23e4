import Foundation
import Images
import Jobs
import Testing

/// A picture over HTTP is the file that the command writes, byte for byte.
@Suite struct SamePictureTests {
  private func job(_ change: (inout PictureJob) -> Void = { _ in }) -> PictureJob {
    var job = PictureJob()
    (job.prompt, job.model, job.seed, job.steps, job.width, job.height) = ("a (cat:1.2)", "sd1_tiny", 7, 3, 64, 64)
    change(&job)
    return job
  }

  @Test func ownAPI() async throws {
    let server = try await TestServer()
    let asked = job { ($0.count, $0.cfg, $0.sampler, $0.negativePrompt) = (2, 3, "euler-a", "a dog") }
    let settings = String(decoding: try JSONEncoder().encode(asked), as: UTF8.self)
    let id = try await server.job(#"{"settings": \#(settings)}"#)
    let files = try server.place.files(asked)
    #expect(files.count == 2)
    for index in files.indices { #expect(try await server.picture(id, index) == files[index]) }
    try await server.stop()
  }

  @Test func webUI() async throws {
    let server = try await TestServer()
    let answer = try await server.post(
      "/sdapi/v1/txt2img",
      """
      {"prompt": "a (cat:1.2)", "seed": 7, "steps": 3, "cfg_scale": 7, "width": 64, "height": 64, "batch_size": 2,
       "sampler_name": "DPM++ 2M", "scheduler": "Automatic", "override_settings": {"sd_model_checkpoint": "sd1_tiny"}}
      """)
    let asked = job {
      ($0.count, $0.cfg, $0.sampler, $0.schedule, $0.stream) = (2, 7, "dpmpp-2m", "karras", .nv)
    }
    let images = (answer.object["images"] as? [String] ?? []).map { Data(base64Encoded: $0) }
    #expect(images == (try server.place.files(asked)))
    // What the answer says is what the file says.
    let info = try #require(answer.object["info"] as? String)
    let told = try #require(try JSONSerialization.jsonObject(with: Data(info.utf8)) as? [String: Any])
    #expect(told["all_seeds"] as? [Int] == [7, 8] && told["sampler_name"] as? String == "DPM++ 2M")
    let first = try #require(images.first ?? nil)
    let text = try PNG.decodeWithText(first)["parameters"]
    #expect(text != nil && (told["infotexts"] as? [String])?.first == text)
    try await server.stop()
  }

  @Test func fromAPictureWithAMask() async throws {
    let server = try await TestServer()
    let input = try server.place.input()
    let mask = input.deletingLastPathComponent().appendingPathComponent("mask.png")
    var pixels = [UInt8](repeating: 0, count: 64 * 64)
    for y in 16..<48 { for x in 16..<48 { pixels[y * 64 + x] = 255 } }
    try ImageFile.save(Image(width: 64, height: 64, channels: 1, pixels: pixels), to: mask)
    func base64(_ url: URL) throws -> String { try Data(contentsOf: url).base64EncodedString() }
    let answer = try await server.post(
      "/sdapi/v1/img2img",
      """
      {"prompt": "a (cat:1.2)", "seed": 7, "steps": 4, "width": 64, "height": 64, "denoising_strength": 0.5,
       "init_images": ["data:image/png;base64,\(try base64(input))"], "mask": "\(try base64(mask))", "mask_blur": 2,
       "inpainting_fill": 1, "inpaint_full_res": false, "sampler_name": "Euler",
       "override_settings": {"sd_model_checkpoint": "sd1_tiny"}}
      """)
    let asked = job {
      ($0.steps, $0.sampler, $0.schedule, $0.stream) = (4, "euler", "uniform", .nv)
      ($0.edit.input, $0.edit.mask, $0.edit.strength, $0.edit.counting) = (input.path, mask.path, 0.5, .shareAndOne)
      ($0.edit.resize, $0.edit.maskBlur, $0.edit.content, $0.edit.area) = (.resize, 2, .original, .whole)
    }
    let images = (answer.object["images"] as? [String] ?? []).map { Data(base64Encoded: $0) }
    #expect(images == (try server.place.files(asked)), "\(answer.text.prefix(300))")
    try await server.stop()
  }

  @Test func openAI() async throws {
    let server = try await TestServer()
    let answer = try await server.post(
      "/v1/images/generations",
      #"{"model": "sd1_tiny", "prompt": "a cat", "n": 1, "size": "64x64", "response_format": "b64_json"}"#)
    let item = (answer.object["data"] as? [[String: String]])?.first
    let data = try #require(item?["b64_json"].flatMap { Data(base64Encoded: $0) })
    let text = try #require(try PNG.decodeWithText(data)["parameters"])
    let seed = try #require(GenerationParameters(parsing: text)["Seed"].flatMap { UInt64($0) })
    var asked = PictureJob()
    (asked.prompt, asked.model, asked.seed, asked.width, asked.height) = ("a cat", "sd1_tiny", seed, 64, 64)
    #expect(try server.place.files(asked) == [data])
    try await server.stop()
  }
}
