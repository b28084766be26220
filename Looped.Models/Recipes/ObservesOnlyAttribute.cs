namespace Looped.Models.Recipes;

/// <summary>Marks a recipe key or section that cannot change the weights: it is left out of the recipe's identity.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ObservesOnlyAttribute : Attribute;
