import Images

/// One setting of a picture, and all that the program knows of it but its flag and what it does.
///
/// `Setting.all` is the only list of settings. How layers lie over each other, lines of prompt files, JSON, the metadata of
/// pictures both ways and the identity of finished pictures are made from it, so that a setting which is not in it does
/// not exist, and one which is in it is forgotten nowhere.
public struct Setting: Sendable, CustomStringConvertible {
  /// Who may give it.
  public enum Origin: Sendable {
    /// A flag, a line of a prompt file, JSON, metadata.
    case anywhere
    /// As `anywhere`, but no flag: it is the command's argument.
    case argument
    /// No line: it holds for a whole run.
    case run
    /// No flag: it is about one line's picture.
    case line
    /// Only what a finished picture says of itself.
    case record
  }

  /// A name in another program.
  public struct Alias: Sendable, ExpressibleByStringLiteral {
    /// With underscores.
    package let name: String
    /// That program's value as ours.
    let translate: @Sendable (String) throws -> String
    /// Whether there are several values with commas between them.
    let isList: Bool

    public init(stringLiteral name: String) { (self.name, translate, isList) = (name, { $0 }, false) }

    init(_ name: String, _ translate: @escaping @Sendable (String) throws -> String) {
      (self.name, self.translate, isList) = (name, translate, false)
    }

    /// A name under which several values stand with commas between them.
    init(listing name: String) { (self.name, translate, isList) = (name, { $0 }, true) }
  }

  /// A setting whose new value makes one of a lower layer void.
  enum Owner: Sendable {
    /// Any value above.
    case given(String)
    /// A value above that differs from the one below.
    case changed(String)
  }

  /// Its name in flags, JSON and messages, such as `clip-skip`.
  public let name: String
  /// Its names in other programs: AUTOMATIC1111's API, its prompt files, kohya's.
  public let aliases: [Alias]
  public let origin: Origin
  /// Whether pictures differ with it. What decides must stand in the metadata, or changed jobs look finished.
  public let decides: Bool
  /// Whether a layer may hold several values.
  public let isList: Bool
  /// What a value is, in words: "a whole number from 1 to 1000".
  public let expects: String
  /// Texts of two or more different values.
  package let samples: [String]
  /// How metadata has it; nil for what metadata does not say.
  let infotext: InfotextForm?

  private let owners: [Owner]
  private let values: @Sendable (PictureJob) -> [String]?
  private let read: @Sendable (String, inout PictureJob) throws -> Void
  private let readLine: (@Sendable (String, inout PictureJob) throws -> Void)?
  private let encode: @Sendable (PictureJob) -> SettingJSON?
  private let copy: @Sendable (PictureJob, inout PictureJob) -> Void
  private let isEqual: @Sendable (PictureJob, PictureJob) -> Bool
  private let problem: @Sendable (PictureJob) -> (value: String, problem: SettingProblem)?

  public var description: String { name }

  /// - Parameters:
  ///   - field: where a job has it.
  ///   - form: how values are read, written and bounded.
  ///   - belongsTo: settings whose value in a layer above makes one below void.
  ///   - line: reads a text in place of `form`, which then reads True and False alone.
  init<Value: Sendable & Equatable>(
    _ name: String, _ field: WritableKeyPath<PictureJob, Value?> & Sendable, _ form: SettingForm<Value>,
    aliases: [Alias] = [], origin: Origin = .anywhere, decides: Bool = true, belongsTo owners: [Owner] = [],
    infotext: InfotextRow<Value> = .none, line: (@Sendable (String, inout PictureJob) throws -> Void)? = nil
  ) {
    (self.name, self.aliases, self.origin, self.decides, self.owners) = (name, aliases, origin, decides, owners)
    (expects, samples, isList) = (form.expects, form.samples, form.several != nil)
    self.infotext = infotext.form(name, field, form)
    values = { job in job[keyPath: field].map { form.texts($0) } }
    readLine = line
    read = { text, job in
      guard let value = try form.read(text) else { return }
      if let problem = form.problem(value) { throw problem }
      job[keyPath: field] = form.joined(job[keyPath: field], value)
    }
    encode = { job in job[keyPath: field].map { form.json($0) } }
    copy = { source, job in job[keyPath: field] = source[keyPath: field] }
    isEqual = { $0[keyPath: field] == $1[keyPath: field] }
    problem = { job in
      guard let value = job[keyPath: field], let problem = form.problem(value) else { return nil }
      return ("\(value)", problem)
    }
  }

  /// What a layer says of it, as lines have it; nil for nothing. Settings that hold several values have several texts.
  public func texts(in job: PictureJob) -> [String]? { values(job) }

  /// Reads a value as lines and JSON have it into a layer; settings that hold several values get one more.
  /// - Parameters:
  ///   - text: as a line has it.
  ///   - isValue: whether it is what `texts` gave, or a flag of JSON: some lines say more than that.
  /// - Throws: what is wrong with it; `SettingProblem` says what.
  package func set(_ text: String, in job: inout PictureJob, isValue: Bool = false) throws {
    if let readLine, !isValue { try readLine(text, &job) } else { try read(text, &job) }
  }

  /// What a layer says of it, for JSON.
  func json(_ job: PictureJob) -> SettingJSON? { encode(job) }

  /// Takes a value out of a layer.
  package func clear(_ job: inout PictureJob) { copy(PictureJob(), &job) }

  /// Puts an upper layer's value over a lower one's, if it has one.
  func lay(_ upper: PictureJob, over job: inout PictureJob) { if values(upper) != nil { copy(upper, &job) } }

  /// Whether a value of the lower layer means nothing under the upper one.
  func isVoid(in lower: PictureJob, under upper: PictureJob) -> Bool {
    owners.contains { owner in
      switch owner {
      case .given(let name): Self[name]?.values(upper) != nil
      case .changed(let name):
        Self[name].map { $0.values(upper) != nil && !$0.isEqual(lower, upper) } ?? false
      }
    }
  }

  /// Settings that go with this one: values of both do not stand beside each other.
  package var rivals: [String] {
    owners.map { owner in
      switch owner {
      case .given(let name), .changed(let name): name
      }
    }
  }

  /// Throws for a value out of its range.
  func check(_ job: PictureJob) throws(JobError) {
    guard let (value, problem) = problem(job) else { return }
    throw problem.error(name, value)
  }
}

extension Setting {
  /// The setting of a name or an alias, in any case, with `-` or `_`.
  package static subscript(_ name: String) -> Setting? { named(name)?.setting }

  /// The setting of a name, and the name of the two that it is.
  static func named(_ name: String) -> (setting: Setting, alias: Alias)? { byName[key(name)] }

  static func key(_ name: String) -> String { name.lowercased().replacing("-", with: "_") }

  private static let byName: [String: (setting: Setting, alias: Alias)] = {
    var found: [String: (setting: Setting, alias: Alias)] = [:]
    for setting in all {
      for alias in [Alias(stringLiteral: key(setting.name))] + setting.aliases {
        precondition(found[alias.name] == nil, "two settings are called \(alias.name)")
        found[alias.name] = (setting, alias)
      }
    }
    return found
  }()
}
