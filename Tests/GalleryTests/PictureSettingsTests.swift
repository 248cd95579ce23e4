import Foundation
import Gallery
import Images
import Jobs
import Testing

@Suite struct PictureSettingsTests {
  private func settings(_ infotext: String) throws -> PictureSettings {
    let image = Image(width: 1, height: 1, channels: 3, pixels: [1, 2, 3])
    return try PictureSettings(picture: Data(try PNG.encode(image, text: [(ImageFile.parametersKey, infotext)])))
  }

  @Test func readsAnotherProgramsPicture() throws {
    let read = try settings(
      """
      a cat <lora:zkz:0.7>
      Negative prompt: blurry
      Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 42, Size: 512x768, Model: v1-5, Clip skip: 2
      """)
    let job = read.settings.job
    #expect((job.prompt, job.negativePrompt) == ("a cat <lora:zkz:0.7>", "blurry"))
    #expect((job.steps, job.cfg, job.seed, job.width, job.height) == (30, 6.5, 42, 512, 768))
    #expect((job.model, job.clipSkip) == ("v1-5", 1))
  }

  @Test func namesFilesWithoutLookingForThem() throws {
    let read = try settings(
      "a\nSteps: 5, Seed: 1, Sampler: Euler, Model: /etc/passwd, VAE: /etc/hosts, Init image: /etc/passwd, "
        + "Adapters: /etc/zkz.safetensors:0.5, Embeddings: ../face.pt")
    let job = read.settings.job
    #expect((job.model, job.vae, job.edit.input) == ("passwd", nil, nil))
    #expect((job.loras, job.embeddings) == (["zkz:0.5"], ["face"]))
    #expect(!(try read.settings.json()).contains("/"))
  }

  @Test func saysWhatIsMissing() throws {
    let image = Image(width: 1, height: 1, channels: 1, pixels: [0])
    let bare = Data(try PNG.encode(image))
    #expect(throws: GalleryError.self) { try PictureSettings(picture: bare) }
    #expect(throws: GalleryError.self) { try PictureSettings(picture: bare.prefix(20)) }
    #expect(throws: GalleryError.self) { try PictureSettings(picture: Data("GIF89a".utf8)) }
  }
}
