extension Setting {
  /// Every setting, in the order in which metadata has them.
  public static let all: [Setting] =
    words + sampling + model + variation + secondPassStrength + noise + secondPass + guidance + adapters + reading
    + guides + editing + strips + runs + layout
}
