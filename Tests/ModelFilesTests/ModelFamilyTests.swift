import ModelFiles
import Testing

@Suite struct ModelFamilyTests {
  @Test(arguments: [
    ("sd_v1", ModelFamily.sd1), ("sd_v2_768_v", .sd2), ("sdxl_base_v1-0", .sdxl),
    ("stable-diffusion-v1/lora", .sd1), ("stable-diffusion-xl-v1-base/lora", .sdxl),
    ("stabilityai/stable-diffusion-v2-1", .sd2), ("sd3_m", .sd3), ("Flux1", .flux), ("stable-diffusion-3-medium", .sd3),
  ])
  func metadata(name: String, family: ModelFamily) { #expect(ModelFamily(named: name) == family) }

  @Test(arguments: ["", "sd", "pixart", "a sd_v1"]) func otherNames(name: String) {
    #expect(ModelFamily(named: name) == nil)
  }

  @Test func widths() {
    #expect([768, 1024, 2048, 640].map { ModelFamily(contextWidth: $0) } == [.sd1, .sd2, .sdxl, nil])
  }
}
