import Diffusion
import Generation
import Jobs
import Testing

@Suite struct PromptFileTests {
  private func only(_ line: String) throws -> PictureJob {
    let file = PromptFile(text: line, path: "p.txt")
    #expect(file.errors.isEmpty)
    return try #require(file.lines.first).job
  }

  @Test func plainLinesCommentsAndNumbers() {
    let file = PromptFile(text: "\u{FEFF}# no\r\n\r\n  a cat \r\na well-known dog, 1--2\n#x\na -- b", path: "p.txt")
    #expect(file.lines.map(\.number) == [3, 4, 6])
    #expect(file.lines.map(\.job.prompt) == ["a cat", "a well-known dog, 1--2", "a -- b"])
    #expect(file.errors.isEmpty)
  }

  /// The line of the contract.
  @Test func shellDialect() throws {
    let job = try only(
      #"--prompt "a cat on the moon" --negative_prompt "blurry" --steps 20 --cfg_scale 7.5 --seed 42 --width 512 "#
        + #"--height 512 --sampler_name "DPM++ 2M""#)
    let expected = PictureJob.job("a cat on the moon") {
      ($0.negativePrompt, $0.steps, $0.cfg, $0.seed) = ("blurry", 20, 7.5, 42)
      ($0.width, $0.height, $0.sampler) = (512, 512, "DPM++ 2M")
    }
    #expect(job == expected)
  }

  @Test func kohyaDialect() throws {
    let job = try only("a cat on the moon --n blurry, bad --w 512 --h 384 --s 20 --d 42 --l 7.5 --ss euler_a")
    let expected = PictureJob.job("a cat on the moon") {
      ($0.negativePrompt, $0.steps, $0.cfg, $0.seed) = ("blurry, bad", 20, 7.5, 42)
      ($0.width, $0.height, $0.sampler) = (512, 384, "euler_a")
    }
    #expect(job == expected)
  }

  @Test(arguments: [
    (#"--prompt a cat "on the" moon --steps 3"#, "a cat on the moon"),
    (#"--prompt "a \"red\" car" --seed -1"#, #"a "red" car"#), (#"--prompt='it''s'"#, "its"),
    (#"--prompt 'a\b' "c\d""#, #"a\b c\d"#),
  ])
  func shellWords(line: String, prompt: String) throws {
    let job = try only(line)
    #expect(job.prompt == prompt && job.seed == nil)
  }

  @Test func countsAndSeeds() throws {
    #expect(try only("--prompt a --batch_size 2 --n_iter 3").count == 6)
    let file = PromptFile(text: "a cat --d 3, 4,5 --s 7", path: "p.txt")
    #expect(file.lines.map(\.job.seed) == [3, 4, 5] && file.lines.allSatisfy { $0.job.steps == 7 && $0.number == 1 })
  }

  @Test(arguments: [
    "a --q 5", "a --s many", "a --w 0", "--steps 3", "--prompt \"a", "a --ss nothing", "a --d -5", "a --l", "a --l nan",
    "--prompt a --steps 3 4", "--prompt a --restore_faces true", "--prompt a --tiling maybe", "a --f ../x", "a --t 0.5",
    "a --nl 3", "--prompt a --rng dice", "--prompt a --batch_size 999999999999", "a --schedule wavy",
  ])
  func badLinesAreNamed(line: String) throws {
    let file = PromptFile(text: "fine\n\(line)\nfine too", path: "p.txt")
    #expect(file.lines.map(\.number) == [1, 3])
    let text = "\(try #require(file.errors.first))"
    #expect(file.errors.count == 1 && text.hasPrefix("p.txt:2: ") && !text.contains("\n"), "\(text)")
  }
}
