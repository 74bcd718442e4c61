//! Expressions as minijinja parses them: their parts, and facts about them.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr};

/// Returns the expressions right below one.
pub fn below<'e, 'a>(expr: &'e Expr<'a>) -> Vec<&'e Expr<'a>> {
    let mut all: Vec<&Expr<'a>> = vec![];
    match expr {
        Expr::Var(_) | Expr::Const(_) => {}
        Expr::Slice(slice) => {
            all.push(&slice.expr);
            all.extend([&slice.start, &slice.stop, &slice.step].into_iter().flatten());
        }
        Expr::UnaryOp(unary) => all.push(&unary.expr),
        Expr::BinOp(binary) => all.extend([&binary.left, &binary.right]),
        Expr::Compare(compare) => {
            all.push(&compare.expr);
            all.extend(compare.ops.iter().map(|op| &op.expr));
        }
        Expr::IfExpr(choice) => {
            all.extend([&choice.true_expr, &choice.test_expr]);
            all.extend(&choice.false_expr);
        }
        Expr::Filter(filter) => {
            all.extend(&filter.expr);
            all.extend(filter.args.iter().map(argument));
        }
        Expr::Test(test) => {
            all.push(&test.expr);
            all.extend(test.args.iter().map(argument));
        }
        Expr::GetAttr(get) => all.push(&get.expr),
        Expr::GetItem(get) => all.extend([&get.expr, &get.subscript_expr]),
        Expr::Call(call) => {
            all.push(&call.expr);
            all.extend(call.args.iter().map(argument));
        }
        Expr::List(list) => all.extend(&list.items),
        Expr::Tuple(tuple) => all.extend(&tuple.items),
        Expr::Map(map) => all.extend(map.keys.iter().chain(&map.values)),
    }
    all
}

/// Returns true if an expression names one of some variables.
pub fn mentions(expr: &Expr<'_>, names: &[&str]) -> bool {
    let is_one = matches!(expr, Expr::Var(var) if names.contains(&var.id));
    is_one || below(expr).into_iter().any(|inner| mentions(inner, names))
}

/// Returns true if an expression is a text, a number or the like, as it is written.
pub fn is_scalar(expr: &Expr<'_>) -> bool {
    matches!(expr, Expr::Const(constant) if constant.value.as_object().is_none())
}

/// Returns true if an expression is a text, as it is written.
pub fn is_text(expr: &Expr<'_>) -> bool {
    matches!(expr, Expr::Const(constant) if constant.value.as_str().is_some())
}

/// Returns true if an expression is the beginning of the filters of a block, which go on with its text.
pub fn is_open(expr: &Expr<'_>) -> bool {
    matches!(expr, Expr::Filter(filter) if filter.expr.as_ref().is_none_or(is_open))
}

/// Returns how a comparison is written, and the filter that does it.
pub fn ordering(op: BinOpKind) -> Option<(&'static str, &'static str)> {
    match op {
        BinOpKind::Lt => Some(("<", "_lt")),
        BinOpKind::Lte => Some(("<=", "_le")),
        BinOpKind::Gt => Some((">", "_gt")),
        BinOpKind::Gte => Some((">=", "_ge")),
        _ => None,
    }
}

/// Returns the expression of an argument.
pub fn argument<'e, 'a>(argument: &'e CallArg<'a>) -> &'e Expr<'a> {
    match argument {
        CallArg::Pos(expr)
        | CallArg::Kwarg(_, expr)
        | CallArg::PosSplat(expr)
        | CallArg::KwargSplat(expr) => expr,
    }
}
