import Foundation
import Generation
import Images
import Jobs
import Testing

/// Walks `Setting.all`: what each setting must have, so that a new one cannot be forgotten anywhere.
@Suite struct SettingTests {
  /// A job in which a setting has one of its sample values.
  private func job(_ setting: Setting, _ sample: Int, over job: PictureJob = PictureJob()) throws -> PictureJob {
    var job = job
    for rival in setting.rivals { try #require(Setting[rival]).clear(&job) }
    setting.clear(&job)
    try setting.set(setting.samples[sample], in: &job, isValue: true)
    return job
  }

  /// A job that says everything that can be said at once.
  private func full() throws -> PictureJob {
    var full = PictureJob()
    for setting in Setting.all where setting.name != "hires-scale" {
      try setting.set(setting.samples[0], in: &full, isValue: true)
    }
    return full
  }

  private func json(_ job: PictureJob) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(job), as: UTF8.self)
  }

  private func read(_ json: String) throws -> PictureJob {
    try JSONDecoder().decode(PictureJob.self, from: Data(json.utf8))
  }

  /// Every stored property of a job is a setting's.
  @Test func everyValueIsASettings() throws {
    let empty = PictureJob()
    func said(_ value: Any) -> Set<String> {
      var names: Set<String> = []
      for child in Mirror(reflecting: value).children {
        guard let name = child.label else { continue }
        let isGroup = child.value is EditJob || child.value is GuideJob
        if isGroup {
          names.formUnion(said(child.value).map { "\(name).\($0)" })
        } else if "\(child.value)" != "nil" {
          names.insert(name)
        }
      }
      return names
    }
    func all(_ value: Any) -> Set<String> {
      var names: Set<String> = []
      for child in Mirror(reflecting: value).children {
        guard let name = child.label else { continue }
        let isGroup = child.value is EditJob || child.value is GuideJob
        names.formUnion(isGroup ? all(child.value).map { "\(name).\($0)" } : [name])
      }
      return names
    }
    var found: Set<String> = []
    for setting in Setting.all { found.formUnion(said(try job(setting, 0))) }
    // The other thing that can be said of a seed.
    var drawn = empty
    drawn.drawsSeed = true
    found.formUnion(said(drawn))
    #expect(found == all(empty), "\(all(empty).subtracting(found)) are no settings")
  }

  /// Two values at least, which differ, and which text gives back.
  @Test(arguments: Setting.all) func textBothWays(setting: Setting) throws {
    #expect(setting.samples.count >= 2 && !setting.expects.isEmpty)
    for sample in setting.samples.indices {
      let first = try job(setting, sample)
      #expect(first != PictureJob(), "\(setting.samples[sample]) says nothing")
      var again = PictureJob()
      for text in try #require(setting.texts(in: first)) { try setting.set(text, in: &again, isValue: true) }
      #expect(again == first)
    }
    #expect(try job(setting, 0) != job(setting, 1))
  }

  @Test(arguments: Setting.all) func jsonBothWays(setting: Setting) throws {
    for sample in setting.samples.indices {
      let first = try job(setting, sample)
      let text = try json(first)
      #expect(text.contains("\"\(setting.name.replacing("-", with: "_"))\":"), "\(text)")
      #expect(try read(text) == first, "\(text)")
    }
  }

  /// What layers do with it: an upper value wins, and a lower one stays where nothing is said.
  @Test(arguments: Setting.all) func layers(setting: Setting) throws {
    let (low, high) = (try job(setting, 0), try job(setting, 1))
    #expect(low.overlaid(by: high) == high && low.overlaid(by: PictureJob()) == low)
    #expect(PictureJob().overlaid(by: high) == high)
    for owner in setting.rivals {
      var upper = PictureJob()
      let rival = try #require(Setting[owner])
      try rival.set(rival.samples[1], in: &upper)
      #expect(setting.texts(in: low.overlaid(by: upper)) == nil, "\(owner) leaves it")
    }
  }

  /// What decides a picture is in its metadata: another value is another text, and so another picture.
  @Test(arguments: Setting.all) func metadata(setting: Setting) throws {
    guard setting.decides else { return }
    let texts = try setting.samples.indices.map { sample in
      var record = try job(setting, sample, over: try full())
      // Its size is that of a second pass; and a record's seed is one.
      if setting.name == "hires-scale" { record.hiresResize = nil }
      return Infotext.parameters(of: record).format()
    }
    #expect(Set(texts).count == texts.count, "\(setting.name) is not in the metadata")
  }

  /// And is read from it again: all that a record says, but for files, which are looked for.
  @Test(arguments: Setting.all) func metadataIsRead(setting: Setting) throws {
    let files = ["model", "vae", "lora", "embedding", "tokenizer", "classifier", "class", "classifier-scale", "guide"]
    // Of an edit the size that was asked for becomes its size.
    let others = [
      "guide-scale", "init-image", "mask", "asked-width", "asked-height", "fits-model", "batch-place", "rng",
    ]
    guard setting.decides, !(files + others).contains(setting.name) else { return }
    var record = try full()
    var edits = PictureJob()
    edits.edit = record.edit
    let isOfEdits = setting.texts(in: edits) != nil
    // A second pass and an edit say their strength in one place.
    if isOfEdits { record.forgetHires() } else { record.edit = EditJob() }
    for sample in setting.samples.indices {
      let made = try job(setting, sample, over: record)
      let parameters = GenerationParameters(parsing: Infotext.parameters(of: made).format())
      let origin = try PictureOrigin(parameters, path: "p.png", locator: nil, editing: isOfEdits)
      var (wanted, found) = (setting.texts(in: made), setting.texts(in: origin.job))
      // Nothing is written for what is so anyway, and names are spelled out.
      let idle = [["false"], ["original"], ["share"], ["whole"], ["resize"], ["0"]]
      if let texts = wanted, idle.contains(texts), found == nil { wanted = nil }
      if setting.name.hasSuffix("sampler") || setting.name.hasSuffix("schedule") {
        func plain(_ name: String) throws -> String {
          setting.name.hasSuffix("sampler")
            ? try SamplerChoice(name).sampler.rawValue : name.lowercased().replacing(" ", with: "-")
        }
        (wanted, found) = (try wanted?.map(plain), try found?.map(plain))
      }
      #expect(found == wanted, "\(setting.name): \(Infotext.parameters(of: made).format())")
    }
  }

  @Test func namesAreAUTOMATIC1111sToo() throws {
    let text = """
      {"prompt": "a", "negative_prompt": "b", "cfg_scale": 7, "sampler_name": "Euler a", "seed": -1, "batch_size": 2,
       "n_iter": 3, "denoising_strength": 0.4, "inpainting_fill": 2, "subseed": -1, "tiling": true, "width": null}
      """
    let expected = PictureJob.job("a") {
      ($0.negativePrompt, $0.cfg, $0.sampler, $0.drawsSeed, $0.count) = ("b", 7, "Euler a", true, 6)
      ($0.edit.strength, $0.edit.content, $0.isSeamless) = (0.4, .noise, true)
    }
    #expect(try read(text) == expected)
  }

  @Test(arguments: [
    (#"{"q": 1}"#, "`q` is no setting of a picture"), (#"{"steps": "many"}"#, "`steps` many: must be a whole number"),
    (#"{"steps": 2.5}"#, "`steps` 2.5: must be a whole number"), (#"{"eta": 3}"#, "`eta` 3: must be 0 to 1"),
    (#"{"cfg": 1, "cfg_scale": 2}"#, "is given twice"), (#"{"width": {}}"#, "must be a number, a text"),
    (#"{"sampler": "nothing"}"#, "there is no sampler 'nothing'"), (#"{"frames": 1}"#, "`frames` 1: must be 2 to 1000"),
    (#"{"cfg_interval": "3,1"}"#, "must be two noise levels"), (#"{"model": ""}"#, "`model` has no value"),
    (#"{"seed": "3,4"}"#, "`seed`"), (#"{"steps": [1, 2]}"#, "`steps`"), (#"{"prompt": ["a", "b"]}"#, "not a list"),
    (#"{"restore_faces": true}"#, "not in this version"),
  ])
  func badJSONIsNamed(text: String, line: String) throws {
    let error = try #require(throws: JobError.self) { try self.read(text) }
    #expect("\(error)".contains(line) && !"\(error)".contains("\n"), "\(error)")
  }
}
