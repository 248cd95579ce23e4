extension SamplerName {
  /// AUTOMATIC1111's name where it has the sampler, else one in its manner.
  public var displayName: String {
    switch self {
    case .ddpm: "DDPM"
    case .ddim: "DDIM"
    case .ddimInverse: "DDIM inverse"
    case .pndm: "PLMS"
    case .lms: "LMS"
    case .euler: "Euler"
    case .eulerAncestral: "Euler a"
    case .heun: "Heun"
    case .dpm2: "DPM2"
    case .dpm2Ancestral: "DPM2 a"
    case .dpmpp2M: "DPM++ 2M"
    case .dpmpp2MSDE: "DPM++ 2M SDE"
    case .dpmpp2MSDEHeun: "DPM++ 2M SDE Heun"
    case .dpmpp3M: "DPM++ 3M"
    case .dpmpp3MSDE: "DPM++ 3M SDE"
    case .dpmpp2S: "DPM++ 2S"
    case .dpmpp2SAncestral: "DPM++ 2S a"
    case .dpmppSDE: "DPM++ SDE"
    case .dpmFast: "DPM fast"
    case .dpmAdaptive: "DPM adaptive"
    case .restart: "Restart"
    case .deis: "DEIS"
    case .unipc: "UniPC"
    case .lcm: "LCM"
    case .tcd: "TCD"
    case .flowEuler: "Euler flow"
    }
  }

  /// The schedule AUTOMATIC1111 uses for this sampler when its schedule type is "Automatic"; nil for samplers that
  /// have a spacing of their own.
  public var automaticSchedule: ScheduleName? {
    switch self {
    case .dpm2, .dpm2Ancestral, .dpmpp2M, .dpmpp2SAncestral, .dpmppSDE, .dpmpp2S, .dpmpp3M, .restart: .karras
    case .dpmpp2MSDE, .dpmpp2MSDEHeun, .dpmpp3MSDE: .exponential
    case .lms, .euler, .eulerAncestral, .heun, .dpmFast, .dpmAdaptive: .uniform
    case .ddpm, .ddim, .ddimInverse, .pndm, .deis, .unipc, .lcm, .tcd, .flowEuler: nil
    }
  }

  /// Spellings of other programs, compared without case, spaces and punctuation: ComfyUI, stable-diffusion.cpp,
  /// AUTOMATIC1111's aliases.
  private static let aliases: [String: SamplerName] = [
    "plms": .pndm, "eulera": .eulerAncestral, "eulerancestral": .eulerAncestral, "dpm2ancestral": .dpm2Ancestral,
    "dpm2a": .dpm2Ancestral, "dpm++2m": .dpmpp2M, "dpm++2mv1": .dpmpp2M, "dpm++2msde": .dpmpp2MSDE,
    "dpmpp2msdegpu": .dpmpp2MSDE, "dpmpp2msdeheungpu": .dpmpp2MSDEHeun, "dpmpp3msdegpu": .dpmpp3MSDE,
    "dpmpp2sancestral": .dpmpp2SAncestral, "dpm++2sancestral": .dpmpp2SAncestral, "dpmppsdegpu": .dpmppSDE,
    "unipcbh1": .unipc, "unipcbh2": .unipc, "ddiminversion": .ddimInverse, "klms": .lms, "keuler": .euler,
    "keulera": .eulerAncestral, "kheun": .heun, "kdpm2": .dpm2, "kdpm2a": .dpm2Ancestral, "kdpm++2m": .dpmpp2M,
    "kdpmpp2m": .dpmpp2M, "kdpmfast": .dpmFast, "kdpmad": .dpmAdaptive, "flowmatcheuler": .flowEuler,
  ]

  /// Parses a name of `--sampler`, AUTOMATIC1111's or another program's, with or without a schedule at its end
  /// ("DPM++ 2M Karras").
  /// - Returns: the schedule is nil where the name has none.
  public static func parse(_ text: String) throws(SamplerError) -> (sampler: SamplerName, schedule: ScheduleName?) {
    let key = text.nameKey
    if let name = named(key) { return (name, nil) }
    // The longest ending that is a schedule's name and leaves a sampler's.
    let names = ScheduleName.allCases.filter { $0 != .default }
      .flatMap { schedule in [schedule.displayName.nameKey, schedule.rawValue.nameKey].map { ($0, schedule) } }
    // The short ones are of AUTOMATIC1111's aliases, such as "k_dpmpp_2m_ka".
    let endings = (names + [("ka", .karras), ("exp", .exponential)]).sorted { $0.0.count > $1.0.count }
    for (ending, schedule) in endings where key.hasSuffix(ending) {
      if let name = named(String(key.dropLast(ending.count))) { return (name, schedule) }
    }
    throw .unknownName(what: "sampler", name: text, nearest: text.nearest(among: allCases.map(\.rawValue)))
  }

  private static func named(_ key: String) -> SamplerName? {
    let found = allCases.first { $0.rawValue.nameKey == key || $0.displayName.nameKey == key } ?? aliases[key]
    // k-diffusion's samplers have a "k_" before their names in many programs.
    return found ?? (key.hasPrefix("k") ? named(String(key.dropFirst())) : nil)
  }

  /// The sampler of a name with or without a schedule at its end, or nil; `parse` says which schedule, or why not.
  public init?(displayName: String) {
    guard let parsed = try? Self.parse(displayName) else { return nil }
    self = parsed.sampler
  }
}
