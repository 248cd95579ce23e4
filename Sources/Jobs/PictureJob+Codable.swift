import Foundation

/// JSON with the names of settings, `_` for `-`; AUTOMATIC1111's names are read too.
extension PictureJob: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// - Throws: `JobError` for a name that is no setting's, a value that is none, and a setting that is given twice.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    var (values, seen) = (NamedValues(), Set<String>())
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
      let name = key.stringValue
      guard seen.insert(Setting[name]?.name ?? name).inserted else {
        throw JobError.badValue(name: "`\(name)`", value: "", reason: "is given twice, by two of its names")
      }
      guard !(try container.decodeNil(forKey: key)) else { continue }
      guard let json = try? container.decode(SettingJSON.self, forKey: key) else {
        throw JobError.badValue(
          name: "`\(name)`", value: "", reason: "must be a number, a text, true or false, or a list of texts")
      }
      if case .list = json, Setting[name]?.isList == false {
        throw JobError.badValue(name: "`\(name)`", value: "", reason: "must be one value, not a list")
      }
      let isFlag = if case .flag = json { true } else { false }
      for text in json.texts {
        do {
          try values.set(name, text, isValue: isFlag, takes: { _ in true })
        } catch { throw error.error(name, text) }
      }
    }
    do { try values.checkCount() } catch { throw error.error("count", "") }
    guard let job = values.jobs.first, values.jobs.count == 1 else {
      throw JobError.badValue(name: "`seed`", value: "", reason: "is one number here, of the first picture")
    }
    self = job
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for setting in Setting.all {
      if let value = setting.json(self) {
        try container.encode(value, forKey: Key(stringValue: Setting.key(setting.name)))
      }
    }
  }
}
