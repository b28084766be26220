using System.Globalization;
using System.Net;
using System.Text;

namespace Looped.Host.Reports;

/// <summary>HTML under construction. Whatever comes from a run goes through <see cref="Escape"/>.</summary>
internal sealed class Html
{
    private readonly StringBuilder _text = new();

    /// <summary>Markup, as it is.</summary>
    public Html Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    /// <summary>Markup with holes; everything in the holes is escaped, or rounded if it is a coordinate.</summary>
    public Html Line(FormattableString markup)
    {
        object?[] arguments = [.. markup.GetArguments().Select(object (argument) => argument switch
        {
            null => "",
            Markup done => done.Text ?? "",
            IFormattable number => number,
            _ => Escape(argument.ToString()!),
        })];
        _text.AppendFormat(CultureInfo.InvariantCulture, markup.Format, arguments).Append('\n');
        return this;
    }

    /// <summary>The markup so far, to be put into a hole.</summary>
    public Markup Done => new(_text.ToString());

    public override string ToString() => _text.ToString();

    /// <summary>A text as it may stand between tags and in quoted attributes.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(c => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c)));
}

/// <summary>Text that is markup already.</summary>
internal readonly record struct Markup(string Text);
