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

  @Test func promptLanguageAndFiles() throws {
    let job = try only(
      #"--prompt a --styles "ink, soft" --style x --emphasis "No norm" --ema true --factored --prediction sample"#)
    #expect(job.styles == ["ink", "soft", "x"] && job.emphasis == .noNorm && job.usesAverage == true)
    #expect(job.isFactored == true)
    #expect(job.predictionType == .sample)
    #expect(try only("a --styles_file s.csv --tokenizer t/").tokenizer == "t/")
  }

  /// img2img's flags and AUTOMATIC1111's names for the same.
  @Test func picturesToChange() throws {
    let flags = try only(
      "a --init-image in.png --mask m.png --strength 0.4 --mask-blur 3 --inpaint-area masked --inpaint-padding 16 "
        + "--masked-content nothing --resize-mode fill --no-paste-back --image-cfg 1.2")
    let names = try only(
      "--prompt a --init_image in.png --mask m.png --denoising_strength 0.4 --mask_blur 3 --inpaint_full_res true "
        + "--inpaint_full_res_padding 16 --inpainting_fill 3 --resize_mode 2 --no_paste_back --image_cfg_scale 1.2")
    let expected = PictureJob.job("a") {
      ($0.edit.input, $0.edit.mask, $0.edit.strength, $0.edit.maskBlur) = ("in.png", "m.png", 0.4, 3)
      ($0.edit.area, $0.edit.padding, $0.edit.content) = (.masked, 16, .nothing)
      ($0.edit.resize, $0.edit.pastesBack, $0.edit.imageGuidance) = (.fill, false, 1.2)
    }
    #expect(flags == expected && names == expected)
    let edit = try only(#"--edit "a dog" --source "a cat" --mask_out m.png --outpaint 8,0,0,0"#)
    #expect(edit.prompt == "a dog" && edit.edit.isEdit == true && edit.edit.source == "a cat")
    #expect(edit.edit.outpaint == Margins(left: 8, top: 0, right: 0, bottom: 0))
  }

  @Test func strips() throws {
    let job = try only("a cat --to_prompt a dog --to_seed 5 --frames 7")
    #expect(job.toPrompt == "a dog" && job.toSeed == 5 && job.frames == 7)
    #expect(try only("a cat --to_prompt a dog --to_share 0.25").blendShare == 0.25)
  }

  /// Numbers as people write them, in both dialects; -1 is any seed.
  @Test(arguments: [
    "a --s 20.0 --w +512 --h 5.12e2 --l 7 --d -1",
    "--prompt a --steps 2e1 --width 512.0 --height 512 --cfg_scale +7.0 --seed=-1",
    "a --steps 20 --w 512 --h 512 --cfg 07 --seed -1.0",
  ])
  func numbers(line: String) throws {
    let expected = PictureJob.job("a") {
      ($0.steps, $0.width, $0.height, $0.cfg, $0.drawsSeed) = (20, 512, 512, 7, true)
    }
    #expect(try only(line) == expected)
  }

  /// Drawn without a prompt, or with what lies below.
  @Test(arguments: ["--n blurry --s 20", "--n bad hands, blurry --s 20", "--s 20 --negative_prompt \"\""])
  func flagsAlone(line: String) throws {
    let job = try only(line)
    #expect(job.prompt == nil && job.steps == 20 && job.negativePrompt != nil)
    #expect(try only("--prompt \"\" --s 20").prompt == "")
  }

  @Test func longLinesTakeNoTime() throws {
    let words = String(repeating: "<lora:x --y ", count: 50_000)
    #expect(PromptFile(text: words, path: "p.txt").errors.count == 1)
    let marks = "a" + String(repeating: "\u{301}\u{323}", count: 50_000) + "\na cat"
    #expect(PromptFile(text: marks, path: "p.txt").errors.count == 1)
    #expect(try only("--prompt \(String(repeating: "a", count: 1_000_000)) --s 3").steps == 3)
  }

  @Test(arguments: [
    "a --outpaint 1,2", "a --resize_mode 7", "a --inpainting_fill x", "a --init_image", "a --frames 1",
    "a --strength x",
    "a --emphasis loud", "a --prediction noise", "a --q 5", "a --s many", "a --w 0", "a --s 20.5", "a --l 7,5",
    "--prompt \"a",
    "a --ss nothing", "a --d -5", "a --l", "a --l nan",
    "--prompt a --steps 3 4", "--prompt a --restore_faces true", "--prompt a --tiling maybe", "a --f ../x",
    "a --nl 3", "--prompt a --rng dice", "--prompt a --batch_size 999999999999", "a --schedule wavy",
  ])
  func badLinesAreNamed(line: String) throws {
    let file = PromptFile(text: "fine\n\(line)\nfine too", path: "p.txt")
    #expect(file.lines.map(\.number) == [1, 3])
    let text = "\(try #require(file.errors.first))"
    #expect(file.errors.count == 1 && text.hasPrefix("p.txt:2: ") && !text.contains("\n"), "\(text)")
  }
}
