import ArgumentParser
import CommandSupport
import Jobs
import Testing

/// Flags and settings are the same: each setting has a flag which sets it and nothing else, and each flag is a setting.
@Suite struct SettingFlagTests {
  static let settings = Setting.all.filter { $0.origin == .anywhere }

  private func isOfEdit(_ setting: Setting) throws -> Bool {
    var job = PictureJob()
    try setting.set(setting.samples[0], in: &job)
    return job.edit != EditJob()
  }

  private func parsed(_ flag: String, isOfEdit: Bool) throws -> PictureJob {
    guard isOfEdit else { return try PictureOptions.parse([flag]).job }
    let options = try EditOptions.parse([flag])
    var job = PictureJob()
    (job.prompt, job.edit) = (options.edit, options.job(prompt: nil))
    return job
  }

  @Test(arguments: settings) func everySettingHasAFlag(setting: Setting) throws {
    // What is so or not so is a flag without a value; `edit` takes words.
    let isSwitch = setting.samples == ["true", "false"] && setting.name != "edit"
    for sample in isSwitch ? ["true"] : setting.samples {
      var wanted = PictureJob()
      try setting.set(sample, in: &wanted)
      let flag = isSwitch ? "--\(setting.name)" : "--\(setting.name)=\(sample)"
      #expect(try parsed(flag, isOfEdit: isOfEdit(setting)) == wanted, "\(flag)")
    }
  }

  @Test func everyFlagIsASetting() {
    let help = PictureOptions.helpMessage(columns: 400) + EditOptions.helpMessage(columns: 400)
    let flags = help.split(separator: "\n").filter { $0.hasPrefix("  -") }.flatMap { line -> [String] in
      let words = line.split(separator: " ").prefix { $0.hasPrefix("-") || $0.hasPrefix("<") }
      return words.filter { $0.hasPrefix("--") }.map { $0.dropFirst(2).filter { $0 != "," } }
    }
    #expect(!flags.isEmpty)
    for flag in flags where flag != "help" {
      // One flag has a name that means something else in lines.
      let name = flag == "styles" ? "styles-file" : flag
      #expect(Setting.all.contains { $0.name == name || $0.aliases.map(\.name).contains(name) }, "--\(flag)")
    }
  }

  @Test func settingsOfARun() throws {
    #expect(Setting.all.filter { $0.origin == .run }.map(\.name) == ["precision"])
    #expect(try ComputeOptions.parse(["--precision=f32"]).precision == .f32)
  }

  @Test(arguments: [
    ("`cfg` 3: must be", "--cfg 3: must be"), ("give `width` and `hires-scale`", "give --width and --hires-scale"),
    ("a `b", "a `b"), ("`` `A` `b c` `d`", "`` `A` `b c` --d"), ("", ""), ("plain", "plain"), ("`x`", "--x"),
  ])
  func settingsAreSpelledAsFlags(text: String, line: String) { #expect(spelled(text) == line) }
}
